import assert from "node:assert/strict";
import fc from "fast-check";
import { redshiftConfig } from "../../helpers/redshift-stand-in.ts";
import { changePieces } from "../../../shared/warehouse/redshift/change-pieces.ts";
import { newColumn, tableChange } from "../../contract/warehouse-parts.ts";

const settings = {
  eventSchema: "events",
  redshift: redshiftConfig().redshift,
  grantSelectTo: ["a", "b"],
  distKey: () => undefined,
  now: new Date("2026-01-05T08:00:00Z"),
};

describe("changes in pieces", () => {
  it("fit the Data API, and name every column and event type once", () => {
    const change = fc.record({
      create: fc.boolean(),
      columns: fc.integer({ min: 0, max: 1000 }),
      nameBytes: fc.integer({ min: 8, max: 127 }),
      types: fc.integer({ min: 0, max: 400 }),
    });
    fc.assert(
      fc.property(change, ({ create, columns, nameBytes, types }) => {
        const names = Array.from({ length: columns }, (_, at) => `c${at}_`.padEnd(nameBytes, "x"));
        const addColumns = names.map((name) => newColumn([name], "string(256)", name));
        const eventTypes = Array.from({ length: types }, (_, at) => `type ${at}`);

        const pieces = changePieces(tableChange("t", { create, addColumns, eventTypes }), 0, settings);

        for (const piece of pieces) {
          assert.ok(piece.length <= 35, `${piece.length} statements`);
          assert.ok(piece.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0) <= 98_000);
        }
        const ddl = pieces
          .flat()
          .filter((sql) => /^(CREATE|ALTER)/.test(sql))
          .join("\n");
        const catalog = pieces
          .flat()
          .filter((sql) => sql.startsWith("INSERT"))
          .join("\n");
        for (const name of names) {
          assert.equal(ddl.split(`"${name}" VARCHAR(256) ENCODE ZSTD`).length, 2);
          assert.equal(catalog.split(`'${name}', '`).length, 2);
        }
        for (const type of eventTypes) assert.equal(catalog.split(`('${type}', 't'`).length, 2);
        assert.equal(ddl.includes("CREATE TABLE"), create);
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 20) },
    );
  });
});
