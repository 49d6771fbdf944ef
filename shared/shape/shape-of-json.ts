// The reference: the shape of one document by the slow, obvious way.
import { SYSTEM_PREFIX } from "../contracts/words.ts";
import { parseJson, type JsonValue } from "./parse-json.ts";
import { addValue, Shape } from "./shape.ts";

/**
 * The shape of one part line, without its `_lr_*` members. Throws JsonSyntaxError when the text is not JSON, and an error when it holds
 * an inexact number, which no part line has. Members that occur twice count twice; no part line has them either.
 */
export function shapeOfJson(document: string, keysPerDepth: readonly number[]): Shape {
  const root = parseJson(document);
  const system = new Set<JsonValue>();
  if (root.type === "object") {
    for (const member of root.members) if (member.key.startsWith(SYSTEM_PREFIX)) system.add(member.value);
  }
  const shape = new Shape();
  addValue(shape, root, keysPerDepth, system);
  return shape;
}
