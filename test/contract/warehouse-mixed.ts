// Contract of the warehouse: parts that several units name, be it mixed ones of the splitter or gathered ones of the loader.
import assert from "node:assert/strict";
import type { LoadUnit, UnitPart } from "../../shared/ports/warehouse.ts";
import { unitText } from "../../shared/warehouse/source-rules.ts";
import type { OpenWarehouse, WarehouseHarness } from "./warehouse-harness.ts";
import { canonicalText, WarehouseBench } from "./warehouse-harness.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  newColumn,
  partLine,
  testSource,
  unitKeyOf,
  type TestSource,
} from "./warehouse-parts.ts";

/** Event type and document of each line, in order. */
type Lines = readonly (readonly [eventType: string, document: string])[];

export function mixedContract(open: OpenWarehouse): void {
  let harness: WarehouseHarness;
  let bench: WarehouseBench;
  const a = testSource("/logs/a.json");
  const b = testSource("/logs/b.json");
  /** Types of one table that begin alike, differ by case alone, or have to be escaped. */
  const [order, order2, upper, quoted] = ["order", "order2", "Order", 'or"der\\é\u0001'] as const;

  beforeEach(async () => {
    harness = await open({ rewriteRows: 1000, foreignTables: [] });
    await harness.warehouse.prepare();
    bench = new WarehouseBench(harness);
    await bench.createTable("orders", [newColumn("n", "integer", "n")], {
      eventTypes: [order, order2, upper, quoted],
    });
    await bench.createTable("visits", [newColumn("n", "string(256)", "n")]);
  });
  afterEach(() => harness[Symbol.asyncDispose]());

  /** The part as each event type's unit names it. */
  async function mixedPart(source: TestSource, lines: Lines): Promise<(eventType: string) => UnitPart> {
    const texts = lines.map(([type, text], at) => partLine(source.id, at + 1, type, text));
    const part = await bench.rawPart(compressPart(texts), lines.length);
    const own = (type: string): number => lines.filter(([eventType]) => eventType === type).length;
    return (type) => ({ ...part, lines: own(type), mixedLines: lines.length });
  }

  const LINES: Lines = [
    [order, '{"n":1}'],
    ["visits", '{"n":"one"}'],
    [order2, '{"n":2}'],
    ["absent", '{"n":{"deep":[1]}}'],
    [quoted, '{"n":3}'],
    [order, '{"n":4}'],
    [upper, '{"n":5}'],
    ["visits", '{"n":"two"}'],
  ];

  for (const mode of ["direct", "staged"] as const) {
    it(`${mode}: loads mixed parts of units of two tables and of several units of one`, async () => {
      const [mixed, other] = [await mixedPart(a, LINES), await mixedPart(b, LINES)];
      const own = await bench.part(a, order, ['{"n":6}'], { firstLine: 9 });
      const orders = [
        loadUnit(a, order, [mixed(order), own]),
        loadUnit(a, order2, [mixed(order2)]),
        loadUnit(a, quoted, [mixed(quoted)]),
        // Of b not every unit of the table is in the job.
        loadUnit(b, upper, [other(upper)]),
      ];
      const catalog = await bench.warehouse.catalog();
      const tables = [
        { plan: loadPlan(catalog, "orders", mode), units: orders },
        { plan: loadPlan(catalog, "visits", mode), units: [loadUnit(a, "visits", [mixed("visits")])] },
      ];

      const result = await bench.warehouse.load(loadJob(catalog, harness.bucket, tables));

      assert.equal(result.kind, "loaded", JSON.stringify(result));
      assert.deepEqual(result.kind === "loaded" && result.units.map(({ rows, table }) => [table, rows]), [
        ["orders", 3],
        ["orders", 1],
        ["orders", 1],
        ["orders", 1],
        ["visits", 2],
      ]);
      assert.deepEqual(
        (await bench.lines("orders")).sort(),
        [...[1, 3, 5, 6, 9].map((line) => `${a.id}/${line}`), `${b.id}/7`].sort(),
      );
      assert.deepEqual(await bench.documents("visits"), ['{"n":"one"}', '{"n":"two"}'].map(canonicalText));
    });

    it(`${mode}: loads a gathered part that several units name, once`, async () => {
      const lines = [
        partLine(a.id, 1, order, '{"n":1}'),
        partLine(b.id, 1, order, '{"n":2}'),
        partLine(a.id, 2, quoted, '{"n":3}'),
        partLine(a.id, 3, order, '{"n":4}'),
      ];
      const part = await bench.rawPart(compressPart(lines), lines.length);
      const gathered = (lines: number): UnitPart => ({ ...part, lines, gathered: true });
      const own = await bench.part(b, order, ['{"n":5}'], { firstLine: 2, compression: "gzip" });
      const units: LoadUnit[] = [
        { ...loadUnit(a, order, [gathered(2)]), receiptParts: 7 },
        loadUnit(a, quoted, [gathered(1)]),
        loadUnit(b, order, [gathered(1), own]),
      ];

      const result = await bench.load("orders", units, mode);

      assert.equal(result.kind, "loaded", JSON.stringify(result));
      assert.deepEqual(result.kind === "loaded" && result.units.map(({ rows }) => rows), [2, 1, 2]);
      assert.equal((await bench.lines("orders")).length, 5);
      // In the ledger stands what the receipt says.
      const loads = await bench.warehouse.loadedUnits(units);
      assert.deepEqual(
        units.map((unit) => loads.find((row) => unitText(row) === unitText(unit))!.parts),
        [7, 1, 2],
      );
    });

    it(`${mode}: writes nothing when a mixed part has other lines than promised`, async () => {
      const mixed = await mixedPart(a, LINES);
      const unit = loadUnit(a, order, [{ ...mixed(order), lines: 3 }]);

      await assert.rejects(bench.load("orders", [unit], mode), { code: "ACCOUNTING_BROKEN" });

      assert.deepEqual(await bench.lines("orders"), []);
      assert.deepEqual(await bench.warehouse.loadedUnits([unitKeyOf(a, order)]), []);
    });
  }

  it("leaves out rejected lines of a mixed part", async () => {
    const mixed = await mixedPart(a, LINES);

    await bench.load("orders", [loadUnit(a, order, [mixed(order)], { rejectedLines: [6] })], "staged");

    assert.deepEqual(await bench.lines("orders"), [`${a.id}/1`]);
  });

  it("probes a unit by its lines of a mixed part", async () => {
    const { warehouse } = bench;
    if (!warehouse.probe) return;
    const mixed = await mixedPart(a, LINES);
    const catalog = await warehouse.catalog();
    const plan = loadPlan(catalog, "orders", "staged");
    const units = [loadUnit(a, order, [mixed(order)])];

    const result = await warehouse.probe(loadJob(catalog, harness.bucket, [{ plan, units }]));

    assert.deepEqual(result, { kind: "accepted" });
  });
}
