// JSON Schemas of what is written for others to read, from the zod schemas that the code reads and writes with.
import { z } from "zod";
import { configSchema } from "../../shared/config/schema.ts";
import { quarantineRecordSchema } from "../../shared/contracts/quarantine.ts";
import { receiptSchema, shapesSidecarSchema } from "../../shared/contracts/receipt.ts";

/** File name under docs/contracts/ → its text. */
export function contractSchemas(): ReadonlyMap<string, string> {
  return new Map([
    ["receipt.schema.json", schemaText(receiptSchema, "output")],
    ["quarantine.schema.json", schemaText(quarantineRecordSchema, "output")],
    ["shapes.schema.json", schemaText(shapesSidecarSchema, "output")],
    // For what people write: settings with a default may be left out.
    ["config.schema.json", schemaText(configSchema, "input")],
  ]);
}

function schemaText(schema: z.ZodType, io: "input" | "output"): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io }), undefined, 2)}\n`;
}
