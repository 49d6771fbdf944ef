// For random documents under random configurations: planned, loaded directly and staged, read back through the catalog, they
// are what was loaded (null members and empty objects equal absent ones; excluded and hashed values are gone).
import assert from "node:assert/strict";
import fc from "fast-check";
import { configSchema } from "../../../shared/config/schema.ts";
import type { Config } from "../../../shared/config/schema.ts";
import type { LoadResult } from "../../../shared/ports/warehouse.ts";
import { type ExactJson, isExactObject, parseExact } from "../../../shared/schema/exact-json.ts";
import { pathKey, startsWithPath } from "../../../shared/schema/names.ts";
import { planTable } from "../../../shared/schema/plan-table.ts";
import type { TablePlan } from "../../../shared/schema/plan-table.ts";
import { rebuildDocument, rescuedValues } from "../../../shared/schema/rebuild.ts";
import { canonical } from "../../../shared/schema/same-document.ts";
import type { Path, TableLoadPlan } from "../../../shared/schema/types.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import type { TempWarehouse } from "./temp-warehouse.ts";

/** A warehouse with a way to load documents into it. */
export interface RoundTripRig extends Pick<TempWarehouse, "warehouse" | "loadDocuments"> {
  close(): Promise<void> | void;
}

const KEYS_PER_DEPTH = [9, 6, 4, 2];
/** Few, so that paths meet; some differ by case, join to one name, or mean something in an address. */
const KEYS = ["a", "b", "A", "a_b", "a.b", "x", "0", "*", "/", '"', "$", "__proto__", "_lr", "日", "\ufeffk"];

const NUMBERS = `0 -0 7 9007199254740992 9007199254740993 -9223372036854775808 1.0 0.5 19.990 1E5
  123456789012345.67 1e21 1700000000.25 9223372036854776000 5e-324`.split(/\s+/);
const TEXTS = String.raw`"" "x" "7" "null" "{}" "\u0001\"\\\/\ud83d\ude00" "2026-01-05" "2026-01-05T08:00:00"
  "2026-01-05T08:00:00.5+05:30" "2026-02-30" "24:00:00"`.split(/\s+/);
const OTHERS = ["null", "true", "false", "{}", "[]", "[1,null,{}]", '[{"a":1.50}]', '{"a":{"b":null}}'];
const LONG = `"${"ä".repeat(200)}"`;
const scalar = fc.constantFrom(...NUMBERS, ...TEXTS, ...OTHERS, LONG);
const { object: document } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: tie("object") }),
  object: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), tie("value")), { maxLength: 8, selector: ([key]) => key })
    .map((members) => `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join()}}`),
}));

const path = fc.constantFrom("a", "b", "x", "a.x", "x.a", "x.a.b", "A");
const pinned = fc.constantFrom("integer", "double", "decimal(18,2)", "string(10)", "json", "epoch_seconds");
const configuration = fc
  .record({
    max_columns: fc.constantFrom(1000, 1000, 12, 20),
    types: fc.dictionary(path, pinned, { maxKeys: 2, noNullPrototype: true }),
    exclude: fc.uniqueArray(path, { maxLength: 1 }),
    hash: fc.uniqueArray(path, { maxLength: 1 }),
  })
  .map(({ max_columns, types, exclude, hash }) =>
    configSchema.parse({
      tables: { max_columns },
      types: { "*": types },
      ...(exclude.length > 0 && { exclude: { "*": exclude } }),
      ...(hash.length > 0 && { hash: { "*": hash } }),
    }),
  );
const batches = fc.tuple(
  fc.array(fc.array(document, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
  fc.oneof(fc.constant(configSchema.parse({})), configuration),
  fc.boolean(),
);

function shapeOf(documents: readonly string[]) {
  const shape = new Shape();
  for (const text of documents) mergeShape(shape, shapeOfJson(text, KEYS_PER_DEPTH), KEYS_PER_DEPTH);
  return shapeToJson(shape);
}

/** Plans and changes the table as the loader does. */
async function planned(
  temp: RoundTripRig,
  config: Config,
  table: { table: string; catchAll: boolean },
  documents: readonly string[],
  stage?: string,
): Promise<TablePlan> {
  const noRewrite: string[] = [];
  for (;;) {
    const catalog = await temp.warehouse.catalog();
    const plan = planTable({
      eventTypes: [table.table],
      shape: shapeOf(documents),
      catalog,
      config,
      table,
      noRewrite,
      normalised: false,
      siblings: temp.warehouse.fillsSiblings ?? false,
      ...(stage === undefined ? {} : { stage }),
    });
    if (!plan.change) return plan;
    const changed = await temp.warehouse.change(catalog.version, [plan.change]);
    if (changed.kind === "rewriteRefused") noRewrite.push(...changed.columns.map(({ column }) => column));
    else assert.equal(changed.kind, "applied", JSON.stringify(changed));
  }
}

/** The document without what the plan never stores. */
function visible(plan: Pick<TableLoadPlan, "exclude" | "hash">, at: Path, value: ExactJson): ExactJson {
  const hidden = [...plan.exclude, ...plan.hash].filter((one) => startsWithPath(one, at)).map(pathKey);
  if (hidden.length === 0 || !isExactObject(value)) return value;
  const members = [...value].filter(([key]) => !hidden.includes(pathKey([...at, key])));
  return new Map(members.map(([key, member]) => [key, visible(plan, [...at, key], member)]));
}

async function documentsOf(temp: RoundTripRig, table: string): Promise<Map<string, string>> {
  const { tables } = await temp.warehouse.catalog();
  const rows = await temp.warehouse.read.sampleRows(table, 10_000);
  return new Map(
    rows.map((row) => [
      `${String(row["_lr_source"])}/${String(row["_lr_line"])}`,
      canonical(rebuildDocument(tables.get(table)!.columns, row, rescuedValues(row["_lr_rescued"]))),
    ]),
  );
}

const rescuedBy = (result: LoadResult): number => (result.kind === "loaded" ? result.units[0]!.rescued : -1);

/** Declares the suite. `open` gives an empty warehouse, for all of it. */
export function roundTripSuite(title: string, runs: number, open: () => Promise<RoundTripRig>): void {
  describe(`documents through ${title}`, () => {
    let temp: RoundTripRig;
    let tables = 0;
    let direct = 0;

    before(async () => {
      temp = await open();
      await temp.warehouse.prepare();
    });
    after(() => temp.close());

    /** Loads the batches into a table of their own, direct where the plan says so; gives what is read back and what should be. */
    async function roundTrip(
      all: readonly (readonly string[])[],
      config: Config,
      catchAll: boolean,
      stage?: string,
    ): Promise<{ found: Map<string, string>; expected: Map<string, string>; rescued: number }> {
      const table = { table: `t${++tables}`, catchAll };
      const expected = new Map<string, string>();
      let rescued = 0;
      for (const documents of all) {
        const { plan } = await planned(temp, config, table, documents, stage);
        if (plan.mode === "direct") direct++;
        const { result, source } = await temp.loadDocuments(table.table, plan.mode, documents, plan);
        assert.equal(result.kind, "loaded", JSON.stringify(result));
        rescued += rescuedBy(result);
        for (const [at, text] of documents.entries())
          expected.set(`${source.id}/${at + 1}`, canonical(visible(plan, [], parseExact(text))));
      }
      return { found: await documentsOf(temp, table.table), expected, rescued };
    }

    it("come back as they were, however planned and loaded", async function () {
      this.timeout(60_000 + runs * 5000);
      await fc.assert(
        fc.asyncProperty(batches, async ([all, config, catchAll]) => {
          for (const stage of [undefined, "test"]) {
            const { found, expected } = await roundTrip(all, config, catchAll, stage);
            assert.deepEqual(found, expected);
          }
        }),
        { numRuns: runs, endOnFailure: true },
      );
      assert.ok(direct > runs / 5, `${direct} batches were loaded directly in ${runs} runs`);
    });

    it("of new tables leave nothing to rescue", async function () {
      this.timeout(60_000 + runs * 5000);
      await fc.assert(
        fc.asyncProperty(fc.array(document, { minLength: 1, maxLength: 20 }), async (documents) => {
          const { rescued } = await roundTrip([documents], configSchema.parse({}), false, "test");
          assert.equal(rescued, 0);
        }),
        { numRuns: Math.ceil(runs / 2) },
      );
    });
  });
}
