// One transaction of a load (DESIGN.md 4): guard → rows → count → ledger. The file is open for writing in this process alone, which is to
// hold every slot.
import { OTHER_EVENT_TYPE } from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { LoadJob, LoadResult, LoadUnit, UnitLoaded } from "../../ports/warehouse.ts";
import type { TableLoadPlan } from "../../schema/types.ts";
import { qualifiedName } from "../sql/quote.ts";
import { blocks, outnumbered, sourceText, unitKey, unitText, versionOf } from "../source-rules.ts";
import { catalogVersion, tablesInSchema } from "./catalog.ts";
import { isRefusal, refusalReason } from "./errors.ts";
import type { EntryCounts, InsertContext } from "./insert-rows.ts";
import { countOwnEntries, insertGroup, REJECTED_TABLE } from "./insert-rows.ts";
import { allUnits, partGroups, unitFinder, type PartGroup } from "./job-units.ts";
import { bindRows, boundRows, UNIT_ROW, unitRow } from "./json-rows.ts";
import { removePending } from "./pending.ts";
import { count, text } from "./row-values.ts";
import type { Session } from "./session.ts";
import type { Slots } from "./shared-file.ts";
import { sourcesNamed } from "./sources.ts";

export interface LoadSettings {
  readonly eventSchema: string;
  /** Path of a part's file. */
  readonly partPath: (bucket: string, key: string) => string;
  /** DuckDB's memory and threads. */
  readonly memoryBytes: number;
  readonly maxThreads: number;
  /** False while another load runs beside this one: then each has one thread. */
  readonly isAlone: () => boolean;
}

const MIB = 1024 ** 2;
const MAX_LOADS_AT_ONCE = 4;
/** What DuckDB sets aside for each thread of a load (measured, 1.5.6): buffers for lines, and vectors for every column's expressions. */
const THREAD_BYTES = { base: 64 * MIB, direct: 0.15 * MIB, staged: 0.6 * MIB } as const;

/** As many threads as fit in half of the memory: a wide table's staged load needs more than half a GiB for each. */
function loadThreads({ mode, columns }: TableLoadPlan, { memoryBytes, maxThreads }: LoadSettings): number {
  const each = THREAD_BYTES.base + columns.length * THREAD_BYTES[mode];
  return Math.max(1, Math.min(maxThreads, Math.floor(memoryBytes / 2 / each)));
}

/** Loads of different tables that are made side by side. Each has one thread, which compresses and writes what it inserts. */
export function loadsAtOnce({ maxThreads }: Pick<LoadSettings, "maxThreads">): number {
  return Math.min(maxThreads, MAX_LOADS_AT_ONCE);
}

/**
 * What a load needs for itself beside other loads: its event types and tables (guard and rows are no other's business), or, when one of its
 * tables is so wide that the memory is not for many, everything.
 */
export function slotsOf(job: LoadJob, settings: LoadSettings): Slots | undefined {
  const narrow = { ...settings, maxThreads: 2 * MAX_LOADS_AT_ONCE };
  if (job.tables.some(({ plan }) => loadThreads(plan, narrow) < narrow.maxThreads)) return undefined;
  return new Set(
    job.tables.flatMap(({ plan, units }) => [
      `table ${plan.table.toLowerCase()}`,
      ...units.map((unit) => `event type ${unit.eventType}`),
    ]),
  );
}

/**
 * One thread reads one file. A thread that finds nothing to do does not sleep while others work (DuckDB 1.5.6): with a single file, a second one
 * took a core away from the splitter and gave nothing for it.
 */
function insertThreads(plan: TableLoadPlan, groups: readonly PartGroup[], settings: LoadSettings): number {
  if (!settings.isAlone()) return 1;
  const files = Math.max(1, ...groups.map((group) => group.files.length));
  return Math.min(loadThreads(plan, settings), files);
}

export type Refused = Extract<LoadResult, { kind: "refused" }>;
type Blocked = Extract<LoadResult, { kind: "blocked" }>;

/** First rowid that DuckDB gives to rows which the running transaction has inserted (MAX_ROW_ID in its storage layer). */
const FIRST_UNCOMMITTED_ROW = 36_028_797_018_960_000n;

/** Units that must not be loaded, or undefined. */
export async function guard(session: Session, units: readonly LoadUnit[]): Promise<Blocked | undefined> {
  const rows = await session.rows(
    `SELECT k.*, bool_or(l.generation = k.generation) AS loaded, bool_or(l.generation > k.generation) AS higher
     FROM log_router.loads l JOIN ${boundRows("units", UNIT_ROW)} k USING (source_id, event_type)
     GROUP BY ALL`.replace("k.*", "k.source_id, k.generation, k.event_type"),
    bindRows("units", units.map(unitRow)),
  );
  const marked = (flag: string): Set<string> =>
    new Set(
      rows
        .filter((row) => row[flag])
        .map((row) =>
          unitText({
            sourceId: text(row, "source_id"),
            generation: count(row, "generation"),
            eventType: text(row, "event_type"),
          }),
        ),
    );
  const [loaded, higher] = [marked("loaded"), marked("higher")];
  const sources = Map.groupBy(
    await sourcesNamed(
      session,
      units.map((unit) => unit.source),
    ),
    (row) => JSON.stringify([row.bucket, row.key]),
  );
  const isBlocked = (unit: LoadUnit): boolean =>
    (sources.get(JSON.stringify([unit.source.bucket, unit.source.key])) ?? []).some((row) =>
      blocks(row, versionOf(unit)),
    );
  const isOutnumbered = outnumbered(units);
  const alreadyLoaded = units.filter((unit) => loaded.has(unitText(unit)));
  const superseded = units.filter(
    (unit) =>
      !loaded.has(unitText(unit)) && (higher.has(unitText(unit)) || isOutnumbered(unit) || isBlocked(unit)),
  );
  if (alreadyLoaded.length + superseded.length === 0) return undefined;
  return { kind: "blocked", alreadyLoaded: alreadyLoaded.map(unitKey), superseded: superseded.map(unitKey) };
}

/** Deletes the rows of replaced units from wherever they are, and marks the units. */
async function replaceUnits(
  session: Session,
  units: readonly LoadUnit[],
  eventSchema: string,
): Promise<void> {
  const replaced = units.flatMap((unit) =>
    unit.replaces.map((older) => ({ ...unitRow(older), replaced_by: sourceText(unit) })),
  );
  if (replaced.length === 0) return;
  await session.run(
    `CREATE OR REPLACE TEMP TABLE lr_replaced AS SELECT l.source_id, l.generation, l.event_type, l.table_name, l.loaded_at, k.replaced_by
     FROM log_router.loads l JOIN ${boundRows("units", { ...UNIT_ROW, replaced_by: "VARCHAR" })} k
       USING (source_id, generation, event_type) WHERE l.replaced_by IS NULL`,
    bindRows("units", replaced),
  );
  const present = await tablesInSchema(session, eventSchema);
  const tables = await session.rows("SELECT DISTINCT table_name FROM temp.main.lr_replaced");
  for (const row of tables) {
    const table = text(row, "table_name");
    // A table that somebody dropped has no rows to delete.
    if (present.has(table.toLowerCase())) await deleteRows(session, table, eventSchema);
  }
  await session.run(
    `UPDATE log_router.loads l SET replaced_by = r.replaced_by FROM temp.main.lr_replaced r
     WHERE l.source_id = r.source_id AND l.generation = r.generation AND l.event_type = r.event_type`,
  );
}

/**
 * A unit's rows are those of its source and event type that were loaded in its transaction: two generations have the same source, and
 * the lines of `_lr_other` have the event types that no unit of that generation has.
 */
async function deleteRows(session: Session, table: string, eventSchema: string): Promise<void> {
  await session.run(
    `DELETE FROM ${qualifiedName(eventSchema, table)} AS t USING temp.main.lr_replaced r
     WHERE r.table_name = $table AND t._lr_source = r.source_id AND t._lr_loaded_at = r.loaded_at
       AND (t._lr_event_type = r.event_type OR (r.event_type = $other AND NOT EXISTS (
         FROM log_router.loads o
         WHERE o.source_id = r.source_id AND o.generation = r.generation AND o.event_type = t._lr_event_type)))`,
    { table, other: OTHER_EVENT_TYPE },
  );
}

/** Temporary tables that the statements of `insertGroup` look into. */
async function prepareInserts(
  session: Session,
  { tables }: LoadJob,
  eventSchema: string,
): Promise<InsertContext> {
  const wanted = tables.flatMap(({ plan, units }) =>
    units.map((unit) => ({ ...unitRow(unit), table_name: plan.table })),
  );
  await session.run(
    `CREATE OR REPLACE TEMP TABLE lr_wanted AS SELECT source_id, event_type, table_name FROM ${boundRows("units", { ...UNIT_ROW, table_name: "VARCHAR" })}`,
    bindRows("units", wanted),
  );
  const units = tables.flatMap((table) => table.units);
  const rejected = units.flatMap((unit) =>
    unit.rejectedLines.map((line) => ({ source_id: unit.sourceId, line })),
  );
  if (rejected.length > 0)
    await session.run(
      `CREATE OR REPLACE TEMP TABLE ${REJECTED_TABLE} AS FROM ${boundRows("lines", { source_id: "VARCHAR", line: "BIGINT" })}`,
      bindRows("lines", rejected),
    );
  return { session, eventSchema, hasRejected: rejected.length > 0 };
}

/** Inserts the rows of one table's units; proves that they are as many as the receipts promise, unit by unit. */
async function insertTable(
  context: InsertContext,
  job: LoadJob,
  table: LoadJob["tables"][number],
  settings: LoadSettings,
): Promise<UnitLoaded[] | Refused> {
  const { plan, units } = table;
  const groups = partGroups(table, (key) => settings.partPath(job.bucket, key));
  await context.session.run(`SET threads = ${insertThreads(plan, groups, settings)}`);
  for (const group of groups) {
    try {
      await insertGroup(context, group);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { kind: "refused", table: plan.table, reason: refusalReason(error) };
    }
  }
  const counts = await countInserted(context, plan.table);
  const unitOf = unitFinder(units);
  const sums = new Map(units.map((unit) => [unit, { rows: 0, rescued: 0 }]));
  const add = (found: EntryCounts[number], rows: number, rescued: number): void => {
    const unit = unitOf(found.sourceId, found.eventType);
    const sum = unit && sums.get(unit);
    if (!sum)
      throw broken(`${rows} rows of source ${found.sourceId} belong to no unit of the load`, {
        table: plan.table,
        sourceId: found.sourceId,
      });
    sum.rows += rows;
    sum.rescued += rescued;
  };
  const isStaged = plan.mode === "staged";
  for (const found of counts) add(found, found.rows, isStaged ? found.entries : 0);
  // What the lines brought is not this load's doing; a second look at the parts, where it matters.
  if (isStaged && counts.some(({ entries }) => entries > 0))
    for (const group of groups)
      for (const own of await countOwnEntries(context, group)) add(own, 0, -own.entries);
  for (const [unit, { rows }] of sums) requireCount(unit, plan.table, rows);
  return [...sums].map(([unit, sum]) => ({ ...unitKey(unit), table: plan.table, ...sum }));
}

/** What the running transaction has put into the table, by source and event type. */
async function countInserted(
  { session, eventSchema }: InsertContext,
  table: string,
): Promise<(EntryCounts[number] & { readonly rows: number })[]> {
  const rows = await session.rows(
    `SELECT _lr_source AS source_id, _lr_event_type AS event_type, count(*) AS n, coalesce(sum(json_array_length(_lr_rescued)), 0) AS entries
     FROM ${qualifiedName(eventSchema, table)} WHERE rowid >= ${FIRST_UNCOMMITTED_ROW} GROUP BY ALL`,
  );
  return rows.map((row) => ({
    sourceId: text(row, "source_id"),
    eventType: text(row, "event_type"),
    rows: count(row, "n"),
    entries: count(row, "entries"),
  }));
}

function requireCount(unit: LoadUnit, table: string, rows: number): void {
  const expected = unit.lines - unit.rejectedLines.length;
  if (rows === expected) return;
  throw broken(`${rows} rows where the receipt promises ${expected} lines; nothing was loaded`, {
    table,
    sourceId: unit.sourceId,
    generation: unit.generation,
    receipt: unit.receiptKey,
  });
}

function broken(message: string, details: Record<string, string | number>): RouterError {
  return new RouterError("ACCOUNTING_BROKEN", message, { details });
}

async function writeLedger(session: Session, job: LoadJob, loaded: readonly UnitLoaded[]): Promise<void> {
  const results = new Map(loaded.map((unit) => [unitText(unit), unit]));
  const rows = allUnits(job).map((unit) => {
    const result = results.get(unitText(unit))!;
    return {
      ...unitRow(unit),
      table_name: result.table,
      rows: result.rows,
      rejected: unit.rejectedLines.length,
      rescued: result.rescued,
      parts: unit.receiptParts ?? unit.parts.length,
      receipt_key: unit.receiptKey,
      lane: unit.lane,
    };
  });
  const type = {
    ...UNIT_ROW,
    table_name: "VARCHAR",
    rows: "BIGINT",
    rejected: "BIGINT",
    rescued: "BIGINT",
    parts: "BIGINT",
    receipt_key: "VARCHAR",
    lane: "VARCHAR",
  };
  await session.run(
    `INSERT INTO log_router.loads (source_id, generation, event_type, table_name, "rows", rejected, rescued, parts, receipt_key, batch_id, lane, loaded_at)
     SELECT u.source_id, u.generation, u.event_type, u.table_name, u."rows", u.rejected, u.rescued, u.parts, u.receipt_key, $batch, u.lane, now()
     FROM ${boundRows("units", type)} u`,
    { batch: job.batchId, ...bindRows("units", rows) },
  );
}

/** Rows of every table of the job, without guard and ledger. */
export async function insertRows(
  session: Session,
  job: LoadJob,
  settings: LoadSettings,
): Promise<UnitLoaded[] | Refused> {
  const context = await prepareInserts(session, job, settings.eventSchema);
  const loaded: UnitLoaded[] = [];
  for (const table of job.tables) {
    const result = await insertTable(context, job, table, settings);
    if (!Array.isArray(result)) return result;
    loaded.push(...result);
  }
  // For what comes after: compressing and writing is work for all.
  if (loaded.length > 0 && settings.isAlone()) {
    const threads = Math.min(...job.tables.map(({ plan }) => loadThreads(plan, settings)));
    await session.run(`SET threads = ${threads}`);
  }
  return loaded;
}

/** In a transaction that the caller rolls back unless the answer is `loaded`. */
export async function loadUnits(session: Session, job: LoadJob, settings: LoadSettings): Promise<LoadResult> {
  const start = performance.now();
  const units = allUnits(job);
  const blocked = await guard(session, units);
  if (blocked) return blocked;
  if ((await catalogVersion(session)) !== job.catalogVersion) return { kind: "stale" };
  await replaceUnits(session, units, settings.eventSchema);
  const loaded = await insertRows(session, job, settings);
  if (!Array.isArray(loaded)) return loaded;
  await writeLedger(session, job, loaded);
  await removePending(session, units);
  return { kind: "loaded", units: loaded, seconds: (performance.now() - start) / 1000 };
}
