// What holds for any documents, batches and limits. The warehouse is the model of model.ts.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Config, configSchema } from "../../../shared/config/schema.ts";
import type { ShapeJson } from "../../../shared/contracts/shape.ts";
import {
  type ExactJson,
  type ExactObject,
  formatExact,
  isExactObject,
  parseExact,
} from "../../../shared/schema/exact-json.ts";
import { SYSTEM_COLUMNS } from "../../../shared/schema/names.ts";
import { type PlanInput, planTable, type TablePlan } from "../../../shared/schema/plan-table.ts";
import { rebuildDocument } from "../../../shared/schema/rebuild.ts";
import { canonical } from "../../../shared/schema/same-document.ts";
import type { Catalog, TableChange } from "../../../shared/schema/types.ts";
import { applyChange, emptyCatalog, loadDirect, loadStaged, type Row, without } from "./model.ts";
import { shapeOf } from "./shape-of.ts";

const RUNS = Number(process.env["FC_RUNS"] ?? 150);
const TABLE = "e";
/** Few keys, so that paths meet; some join to one name, one is dangerous. */
const KEYS = ["a", "b", "A", "a_b", "a.b", "x", "y", "__proto__", "___proto__", "oid", "日"];
/** Distinct keys of an object before it is kept whole: fewer than there are, so that it happens. */
const KEPT_KEYS = 7;

const scalar = fc.constantFrom(
  ..."null true false 0 -0 7 9007199254740992 9007199254740993 -9223372036854775808 1.0 0.5 19.99 19.999".split(
    " ",
  ),
  ..."123456789012345.67 1e21 1700000000.25".split(" "),
  '""',
  '"x"',
  '"7"',
  `"${"ä".repeat(200)}"`,
  '"2026-01-05"',
  '"2026-01-05T08:00:00"',
  '"2026-01-05 08:00:00.5+05:30"',
  '"2026-02-30"',
  "{}",
  "[]",
  "[1,null,{}]",
  '[{"a":1}]',
);
const { object: document } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: tie("object") }),
  object: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), tie("value")), { maxLength: 8, selector: ([key]) => key })
    .map((members) => `{${members.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join()}}`),
}));
const documents = fc.array(document, { maxLength: 6 });

const pathText = fc.constantFrom("a", "b", "x", "a.x", "x.y", "x.y.a", "A");
const pinnedType = fc.constantFrom(
  "integer",
  "double",
  "decimal(18,2)",
  "string(10)",
  "json",
  "date",
  "epoch_seconds",
);
const configuration = fc
  .record({
    room: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 12 })),
    types: fc.dictionary(pathText, pinnedType, { maxKeys: 2, noNullPrototype: true }),
    exclude: fc.uniqueArray(pathText, { maxLength: 1 }),
    hash: fc.uniqueArray(pathText, { maxLength: 1 }),
  })
  .map(({ room, types, exclude, hash }): Config => {
    const config = configSchema.parse({
      types: { [TABLE]: types },
      ...(exclude.length > 0 && { exclude: { [TABLE]: exclude } }),
      ...(hash.length > 0 && { hash: { "*": hash } }),
    });
    return { ...config, tables: { ...config.tables, max_columns: room + SYSTEM_COLUMNS.length } };
  });
const tables = fc.constantFrom({ table: TABLE, catchAll: false }, { table: "other_events", catchAll: true });

/** Batches, each under a configuration of its own half of the time: people change it. */
const batches = fc
  .tuple(fc.array(fc.tuple(documents, configuration), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([all, change]) => all.map(([texts, config]) => ({ texts, config: change ? config : all[0]![1] })));

/** Everything that was loaded, and the catalog as it is. */
interface State {
  readonly catalog: Catalog;
  readonly rows: readonly { readonly row: Row; readonly expected: ExactJson }[];
}

/** The change, with rewriting refused where stored values forbid it, as a warehouse does. */
function settle(
  input: PlanInput,
  rows: State["rows"],
): { plan: TablePlan; catalog: Catalog; noRewrite: string[] } {
  const first = planTable(input);
  const noRewrite = (first.change?.rewrite ?? [])
    .map(({ column }) => column)
    .filter((column) => rows.some(({ row }) => isBeyond(row.columns[column])));
  const plan = noRewrite.length === 0 ? first : planTable({ ...input, noRewrite });
  return { plan, catalog: applyChange(input.catalog, plan.change), noRewrite };
}

function isBeyond(value: ExactJson | undefined): boolean {
  const number = value === undefined || value === null ? 0n : BigInt(formatExact(value));
  return number > 2n ** 53n || number < -(2n ** 53n);
}

function objectOf(text: string): ExactObject {
  const value = parseExact(text);
  assert.ok(isExactObject(value));
  return value;
}

/** The same shape with its keys in another order. */
function reversed(shape: ShapeJson): ShapeJson {
  if (!shape.keys) return shape;
  const keys = Object.entries(shape.keys).toReversed();
  return { ...shape, keys: Object.fromEntries(keys.map(([key, child]) => [key, reversed(child)])) };
}

function checkChange(change: TableChange | undefined, catalog: Catalog, before: Catalog, room: number): void {
  for (const table of catalog.tables.values()) {
    const names = table.columns.map(({ column }) => column.toLowerCase());
    assert.equal(new Set(names).size, names.length, names.join());
    for (const name of names) assert.match(name, /^(?!_lr_)(?!oid$)[a-z_][a-z0-9_]{0,126}$/);
    const known = before.tables.get(table.table)?.columns.length ?? 0;
    assert.ok(
      names.length <= Math.max(room, known),
      `${names.length} columns, ${known} before, room ${room}`,
    );
  }
  assert.ok((change?.addColumns.length ?? 0) === 0 || change !== undefined);
}

function loadBatch(state: State, texts: readonly string[], config: Config, table: PlanInput["table"]): State {
  const shape = shapeOf(texts, KEPT_KEYS);
  const input: PlanInput = {
    eventTypes: [TABLE],
    shape,
    catalog: state.catalog,
    config,
    table,
    normalised: false,
  };
  assert.deepEqual(planTable({ ...input, shape: reversed(shape) }), planTable(input), "not deterministic");

  const { plan, catalog, noRewrite } = settle(input, state.rows);
  checkChange(plan.change, catalog, state.catalog, config.tables.max_columns - SYSTEM_COLUMNS.length);
  const again = planTable({ ...input, catalog, noRewrite });
  assert.equal(again.change, undefined, `asks again: ${JSON.stringify(again.change)}`);
  assert.equal(again.plan.mode, plan.plan.mode);
  assert.deepEqual(
    again.plan.columns.map(({ column, type }) => [column, type]),
    plan.plan.columns.map(({ column, type }) => [column, type]),
  );

  const frozen = planTable({ ...input, frozen: true });
  assert.equal(frozen.change !== undefined, !state.catalog.tables.has(table.table));
  const all = planTable({ ...input, catalog, stage: "test" }).plan;
  const rows = texts.map((text) => {
    const document = objectOf(text);
    const expected = without(again.plan, [], document);
    const staged = loadStaged(all, document);
    if (again.plan.mode === "staged") return { row: staged, expected };
    assert.deepEqual(staged.rescued, [], `proven, but rescued: ${text}`);
    const row = loadDirect(again.plan, document);
    assert.deepEqual(row.columns, staged.columns, "the two ways differ");
    return { row, expected };
  });
  if (again.plan.rescue?.length === 0 || again.plan.mode === "direct") {
    for (const { row } of rows) assert.deepEqual(row.rescued, [], "rescued without a path named");
  }
  return { catalog, rows: [...state.rows, ...rows] };
}

describe("plans of any batches", () => {
  it("are deterministic, within limits, settle at once, and lose nothing", () => {
    fc.assert(
      fc.property(batches, tables, (all, table) => {
        let state: State = { catalog: emptyCatalog(), rows: [] };
        for (const { texts, config } of all) state = loadBatch(state, texts, config, table);

        const { columns } = state.catalog.tables.get(table.table)!;
        for (const { row, expected } of state.rows) {
          assert.equal(canonical(rebuildDocument(columns, row.columns, row.rescued)), canonical(expected));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("prove directly only what a bulk load into one column a path holds", () => {
    let direct = 0;
    fc.assert(
      fc.property(fc.array(document, { minLength: 1, maxLength: 4 }), (texts) => {
        const config = configSchema.parse({});
        const input = {
          eventTypes: [TABLE],
          shape: shapeOf(texts, KEPT_KEYS),
          catalog: emptyCatalog(),
          config,
        };
        const { plan } = planTable({ ...input, table: { table: TABLE, catchAll: false } });
        if (plan.mode === "staged") return;
        direct++;
        const paths = plan.columns.map(({ path }) => JSON.stringify(path).slice(0, -1));
        for (const path of paths) {
          const within = paths.filter((other) => other !== path && other.startsWith(`${path},`));
          assert.deepEqual(within, []);
        }
        for (const text of texts) {
          const { columns } = loadDirect(plan, objectOf(text));
          assert.equal(canonical(rebuildDocument(plan.columns, columns, [])), canonical(parseExact(text)));
        }
      }),
      { numRuns: RUNS },
    );
    assert.ok(direct > RUNS / 10, `${direct} of ${RUNS} direct`);
  });
});
