// One table from its creation to a source that is replaced, by the loader's own warehouse; a wide table; names that need quoting.
import assert from "node:assert/strict";
import type { LoadUnit } from "../../shared/ports/warehouse.ts";
import { canonicalText } from "../contract/warehouse-harness.ts";
import {
  newColumn,
  sourceRow,
  tableChange,
  testSource,
  unitKeyOf,
  type TestSource,
} from "../contract/warehouse-parts.ts";
import type { OfTrial } from "./suite.ts";

/** More than 65,535 bytes of VARCHAR in one row. */
const WIDE = 300;

export function tableLife(trial: OfTrial): void {
  describe("a table's life", () => {
    const [first, newer] = [0, 1].map((version) => testSource("/logs/it's.json", version)) as [
      TestSource,
      TestSource,
    ];
    const short = '{"at":"2026-01-05T08:00:00Z","user":{"id":7},"price":19.99,"note":"x"}';
    const long = `{"user":{"id":8.5},"note":"${"n".repeat(900)}","tags":[1,{"a":"b"}]}`;

    async function unit(source: TestSource, documents: readonly string[], over: Partial<LoadUnit> = {}) {
      const { bench } = trial();
      return {
        ...(await bench.unit(source, "life", 0, over)),
        lines: documents.length,
        parts: [await bench.part(source, "life", documents)],
      };
    }
    const change = (over: Parameters<typeof tableChange>[1]) =>
      trial().bench.change(tableChange("life", { create: false, ...over }));
    const load = async (one: LoadUnit, mode: "direct" | "staged") => {
      const result = await trial().bench.warehouse.load(await trial().job({ life: [one] }, mode));
      assert.equal(result.kind, "loaded", JSON.stringify(result));
    };
    const assertDocuments = async (documents: readonly string[]) =>
      assert.deepEqual(
        (await trial().bench.documents("life")).toSorted(),
        documents.map(canonicalText).toSorted(),
      );

    it("begins with columns and a sort key, and is loaded directly", async () => {
      const columns = [
        newColumn("at", "timestamptz", "at"),
        newColumn("user.id", "integer", "user_id"),
        newColumn("price", "decimal(18,2)", "price"),
        newColumn("note", "string(256)", "note"),
      ];
      await trial().bench.createTable("life", columns, { eventTime: ["at"] });
      await load(await unit(first, [short]), "direct");
      await trial().bench.warehouse.settleSources([sourceRow(first)]);
      await assertDocuments([short]);
    });

    it("gets a column, wider strings and doubles for integers, while its rows stay", async () => {
      await change({ addColumns: [newColumn("tags", "json", "tags")] });
      await change({ widen: [{ column: "note", from: "string(256)", to: "string(1024)" }] });
      await change({ rewrite: [{ column: "user_id", from: "integer", to: "double" }] });
      await assertDocuments([short]);
      await load(await unit(testSource("/logs/second.json"), [long]), "direct");
      await assertDocuments([short, long]);
    });

    it("is loaded staged, and a newer source replaces the older one's rows", async () => {
      const { bench } = trial();
      const announced = await bench.warehouse.supersede(sourceRow(newer, { state: "loading" }));
      assert.deepEqual(announced, { kind: "ready", units: [unitKeyOf(first, "life")] });
      const other = '{"note":"newer","unknown":{"deep":[1]}}';
      await load(await unit(newer, [other], { replaces: [unitKeyOf(first, "life")] }), "staged");
      await bench.warehouse.settleSources([sourceRow(newer)]);
      await assertDocuments([long, other]);
      const late = await bench.warehouse.load(await trial().job({ life: [await unit(first, [short])] }));
      assert.equal(late.kind, "blocked");
    });

    it("refuses a change that was made from an old catalog, and a name that is taken", async () => {
      const { bench, run, schema } = trial();
      const { version } = await bench.warehouse.catalog();
      await change({ addColumns: [newColumn("later", "boolean", "later")] });
      const stale = tableChange("life", { create: false, addColumns: [newColumn("more", "date", "more")] });
      assert.deepEqual(await bench.warehouse.change(version, [stale]), { kind: "stale" });
      await run(`CREATE TABLE ${schema}."foreign" (a INTEGER)`);
      const catalog = await bench.warehouse.catalog();
      const taken = tableChange("foreign", { eventTypes: ["foreign"], addColumns: [] });
      assert.deepEqual(await bench.warehouse.change(catalog.version, [taken]), {
        kind: "nameTaken",
        table: "foreign",
      });
    });

    it("may be wide, with names that have to be quoted, up to 127 bytes", async () => {
      const { bench, job } = trial();
      const names = ['a "quoted" name', "select", "ä".repeat(63), `n${"x".repeat(126)}`];
      const columns = Array.from({ length: WIDE }, (_, at) =>
        newColumn([`key ${at}`], "string(256)", names[at] ?? `column_${at}`),
      );
      await bench.createTable("wide", columns, { eventTypes: ["wide"] });
      const document = JSON.stringify(
        Object.fromEntries(columns.map(({ path }, at) => [path[0], `${at}-`.padEnd(250, "w")])),
      );
      const source = testSource("/logs/wide.json");
      const wide = {
        ...(await bench.unit(source, "wide", 0)),
        lines: 1,
        parts: [await bench.part(source, "wide", [document])],
      };
      const result = await bench.warehouse.load(await job({ wide: [wide] }));
      assert.equal(result.kind, "loaded", JSON.stringify(result));
      assert.deepEqual(await bench.documents("wide"), [canonicalText(document)]);
    });
  });
}
