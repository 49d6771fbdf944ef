// Contract of the warehouse, first part: preparing, catalog, changes of tables.
import assert from "node:assert/strict";
import type { Path } from "../../shared/schema/types.ts";
import type { OpenWarehouse, WarehouseHarness } from "./warehouse-harness.ts";
import { canonicalText, WarehouseBench } from "./warehouse-harness.ts";
import { newColumn, tableChange, testSource } from "./warehouse-parts.ts";

const HOSTILE_NAMES = [
  `with "quotes"`,
  "with 'apostrophes'",
  "semi;colon -- comment",
  "dollar $1 ?",
  "back\\slash",
  "blank at end ",
  "größe 😀",
  "select",
  "x".repeat(127),
];

export function catalogContract(open: OpenWarehouse): void {
  let harness: WarehouseHarness;
  let bench: WarehouseBench;

  beforeEach(async () => {
    harness = await open({ rewriteRows: 4, foreignTables: ["Somebody_Elses"] });
    await harness.warehouse.prepare();
    bench = new WarehouseBench(harness);
  });
  afterEach(() => harness[Symbol.asyncDispose]());

  async function loadNumbers(numbers: readonly string[]): Promise<void> {
    await bench.createTable("orders", [newColumn("n", "integer", "n")]);
    const source = testSource("/logs/a.json");
    const part = await bench.part(
      source,
      "orders",
      numbers.map((n) => `{"n":${n}}`),
    );
    const unit = await bench.unit(source, "orders", 0);
    const result = await bench.load("orders", [{ ...unit, lines: numbers.length, parts: [part] }]);
    assert.equal(result.kind, "loaded");
  }

  it("prepares again without effect, also beside itself", async () => {
    await bench.createTable("orders", [newColumn("n", "integer", "n")]);
    const { version } = await bench.warehouse.catalog();

    await Promise.all([bench.warehouse.prepare(), bench.warehouse.prepare()]);
    await bench.warehouse.ping();

    assert.equal((await bench.warehouse.catalog()).version, version);
  });

  it("shows created tables, their event types and columns in the order added", async () => {
    await bench.createTable(
      "orders",
      [newColumn("n", "integer", "n"), newColumn("a.b", "string(256)", "a_b")],
      {
        eventTypes: ["order", "Order"],
      },
    );
    const more = [newColumn(["a.b"], "json", "a_b_json")];
    const catalog = await bench.change(
      tableChange("orders", { create: false, eventTypes: ["ORDER"], addColumns: more }),
    );

    const table = catalog.tables.get("orders")!;
    assert.deepEqual(
      table.columns.map(({ path, type, column }) => ({ path, type, column })),
      [
        { path: ["n"], type: "integer", column: "n" },
        { path: ["a", "b"], type: "string(256)", column: "a_b" },
        { path: ["a.b"], type: "json", column: "a_b_json" },
      ],
    );
    assert.deepEqual([...table.eventTypes].sort(), ["ORDER", "Order", "order"]);
    assert.deepEqual([...catalog.tableOf.keys()].sort(), ["ORDER", "Order", "order"]);
    assert.equal(catalog.tableOf.get("Order"), "orders");
    assert.equal(table.catchAll, false);
    assert.ok(Math.abs(table.createdAt.getTime() - Date.now()) < 600_000);
  });

  it("changes the version with every change, and refuses a change of a stale one", async () => {
    const before = await bench.warehouse.catalog();
    const after = await bench.createTable("orders", [newColumn("n", "integer", "n")]);
    assert.notEqual(after.version, before.version);

    const result = await bench.warehouse.change(before.version, [tableChange("late")]);

    assert.deepEqual(result, { kind: "stale" });
    assert.deepEqual([...(await bench.warehouse.catalog()).tables.keys()], ["orders"]);
  });

  it("lets one of two changes of the same version win", async () => {
    const { version } = await bench.warehouse.catalog();
    const results = await Promise.all(
      ["a", "b"].map((table) =>
        bench.warehouse.change(version, [tableChange(table, { eventTypes: [table] })]),
      ),
    );

    assert.deepEqual(results.map(({ kind }) => kind).sort(), ["applied", "stale"]);
    assert.equal((await bench.warehouse.catalog()).tables.size, 1);
  });

  it("tells tables it does not know, and never adopts their names", async () => {
    const catalog = await bench.warehouse.catalog();
    assert.ok(catalog.foreignTables.has("somebody_elses"));

    const changes = [tableChange("fine", { eventTypes: ["fine"] }), tableChange("somebody_elses")];
    const result = await bench.warehouse.change(catalog.version, changes);

    assert.deepEqual(result, { kind: "nameTaken", table: "somebody_elses" });
    const after = await bench.warehouse.catalog();
    assert.deepEqual([...after.tables.keys()], []);
    assert.equal(after.foreignTables.has("fine"), false);
  });

  it("refuses a column's name that the table has, whatever its case", async () => {
    const { version } = await bench.createTable("orders", [newColumn("n", "integer", "n")]);
    const addColumns = [newColumn("m", "integer", "m"), newColumn("N", "integer", "N")];

    const result = await bench.warehouse.change(version, [
      tableChange("orders", { create: false, addColumns }),
    ]);

    assert.deepEqual(result, { kind: "nameTaken", table: "orders", column: "N" });
    assert.equal((await bench.warehouse.catalog()).tables.get("orders")!.columns.length, 1);
  });

  it("takes hostile names of tables, columns, keys and event types", async () => {
    const paths: Path[] = HOSTILE_NAMES.map((name) => ["deep", name]);
    const columns = paths.map((path, at) => newColumn(path, "integer", HOSTILE_NAMES[at]!));
    const members = HOSTILE_NAMES.map((name, at) => `${JSON.stringify(name)}:${at}`);
    const document = `{"deep":{${members.join(",")}}}`;
    for (const [at, name] of HOSTILE_NAMES.entries()) {
      const catalog = await bench.createTable(name, columns);
      assert.equal(catalog.tableOf.get(name), name);
      const source = testSource(`/logs/${name}/file's "name".json`);
      const part = await bench.part(source, name, [document]);
      const unit = { ...(await bench.unit(source, name, 0)), lines: 1, parts: [part] };
      const result = await bench.load(name, [unit], at % 2 === 0 ? "direct" : "staged");

      assert.equal(result.kind, "loaded", JSON.stringify(result));
      assert.deepEqual(await bench.documents(name), [canonicalText(document)]);
    }
  });

  it("widens a string column", async () => {
    await bench.createTable("orders", [newColumn("s", "string(256)", "s")]);
    const widen = [{ column: "s", from: "string(256)" as const, to: "string(1024)" as const }];
    await bench.change(tableChange("orders", { create: false, widen }));
    const source = testSource("/logs/a.json");
    const document = JSON.stringify({ s: "é".repeat(500) });
    const unit = { ...(await bench.unit(source, "orders", 0)), lines: 1 };

    const result = await bench.load(
      "orders",
      [{ ...unit, parts: [await bench.part(source, "orders", [document])] }],
      "staged",
    );

    assert.equal(result.kind, "loaded");
    assert.deepEqual(await bench.documents("orders"), [canonicalText(document)]);
    const rows = await bench.warehouse.read.sampleRows("orders", 1);
    assert.equal(rows[0]!["s"], "é".repeat(500));
  });

  describe("rewriting an integer column as double", () => {
    const rewrite = [{ column: "n", from: "integer" as const, to: "double" as const }];
    const asDouble = tableChange("orders", { create: false, rewrite });

    it("keeps the values", async () => {
      const numbers = ["9007199254740992", "-9007199254740992", "0"];
      await loadNumbers(numbers);

      const catalog = await bench.change(asDouble);

      assert.equal(catalog.tables.get("orders")!.columns[0]!.type, "double");
      assert.deepEqual(
        await bench.documents("orders"),
        numbers.map((n) => canonicalText(`{"n":${n}}`)),
      );
    });

    for (const [why, numbers] of [
      ["a stored value is beyond 2^53", ["1", "9007199254740993"]],
      ["the table is no longer young", ["1", "2", "3", "4"]],
    ] as const) {
      it(`is refused when ${why}, and changes nothing`, async () => {
        await loadNumbers(numbers);
        const { version } = await bench.warehouse.catalog();
        const addColumns = [newColumn("m", "integer", "m")];

        const result = await bench.warehouse.change(version, [{ ...asDouble, addColumns }]);

        assert.deepEqual(result, { kind: "rewriteRefused", columns: [{ table: "orders", column: "n" }] });
        assert.equal((await bench.warehouse.catalog()).version, version);
        assert.equal((await bench.warehouse.catalog()).tables.get("orders")!.columns.length, 1);
      });
    }
  });

  it("gives the statement that creates the table, and says when there is none", async () => {
    await bench.createTable("orders", [newColumn("n", "integer", "n")]);

    const ddl = await bench.warehouse.read.ddl("orders");

    assert.match(ddl, /create table.*orders.*\bn\b/is);
    await assert.rejects(bench.warehouse.read.ddl("no such table"), { code: "NOT_FOUND" });
  });
}
