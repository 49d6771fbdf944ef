// Everything of a load that comes before its transaction: checked lines, lists, manifests, and the statements themselves.
import { OTHER_EVENT_TYPE } from "../../contracts/words.ts";
import type { LoadJob, LoadUnit } from "../../ports/warehouse.ts";
import { allUnits } from "../duckdb/job-units.ts";
import { sourceText } from "../source-rules.ts";
import { directGroups, isDirect, type CopyGroup, type JobTable } from "./copy-groups.ts";
import type { Run } from "./database.ts";
import { loadedUnits, presentTables } from "./ledger-reads.ts";
import type { LoaderContext } from "./load-context.ts";
import type { LoadObjects } from "./load-objects.ts";
import {
  loadStatements,
  type LabelledStatement,
  type ReadyCopy,
  type ReplaceScript,
} from "./load-statements.ts";
import { slotOf, slotsOf } from "./slots.ts";
import { writeChecked, type UnitCount } from "./write-checked.ts";

export interface PrepareLoad {
  readonly job: LoadJob;
  /** Check the lines of every table, also where the plan is direct. */
  readonly checkAll: boolean;
  /** How many slots the warehouse has. */
  readonly slots: number;
  readonly objects: LoadObjects;
  readonly run: Run;
}

/** What one transaction is made of. */
export interface PreparedLoad {
  readonly attempt: string;
  readonly statements: readonly LabelledStatement[];
  readonly counts: ReadonlyMap<LoadUnit, UnitCount>;
  readonly copies: readonly ReadyCopy[];
}

/** Throws Refused and ACCOUNTING_BROKEN as the checking of lines finds it. */
export async function prepareLoad(context: LoaderContext, input: PrepareLoad): Promise<PreparedLoad> {
  const { job, slots, objects } = input;
  const { config } = context;
  const { copies, counts, direct } = await prepareCopies(input);
  const units = allUnits(job);
  const replaces = await prepareReplaces(context, units, input);
  const list = await objects.putLines("units.ndjson", unitRows(job, slots, counts, direct));
  const types = units.map(({ eventType }) => eventType);
  const replacedTypes = units.flatMap((unit) => unit.replaces.map(({ eventType }) => eventType));
  const statements = loadStatements({
    eventSchema: config.tables.schema,
    redshift: config.redshift,
    batchId: job.batchId,
    attempt: objects.attempt,
    slots: slotsOf([...types, ...replacedTypes], slots),
    ledgerSlots: slotsOf(types, slots),
    catalogVersion: job.catalogVersion,
    units: units.length,
    unitsUrl: objects.url(list),
    copies,
    replaces,
  });
  return { attempt: objects.attempt, statements, counts, copies };
}

/** Parts of direct tables as they are, of the others the checked lines; with manifests and jsonpaths. */
export async function prepareCopies({ job, checkAll, objects, run }: Omit<PrepareLoad, "slots">) {
  const counts = new Map<LoadUnit, UnitCount>();
  const direct = new Set<JobTable>();
  const groups: CopyGroup[] = [];
  for (const [at, table] of job.tables.entries()) {
    if (!checkAll && isDirect(table)) {
      direct.add(table);
      for (const unit of table.units) counts.set(unit, { rows: unit.lines, rescued: 0 });
      groups.push(...directGroups(table, job.bucket));
    } else {
      const checked = await writeChecked(table, `checked-${at}`, job.bucket, objects, run.signal);
      for (const [unit, count] of checked.counts) counts.set(unit, count);
      if (checked.group) groups.push(checked.group);
    }
  }
  const copies = await Promise.all(
    groups.map(async (group, at): Promise<ReadyCopy> => {
      const manifest = await objects.putManifest(`manifest-${at}.json`, group.bucket, group.files);
      const paths = await objects.putJson(`jsonpaths-${at}.json`, { jsonpaths: group.paths });
      return { group, manifestUrl: objects.url(manifest), pathsUrl: objects.url(paths) };
    }),
  );
  return { copies, counts, direct };
}

/** Columns as `lr_units` has them (load-statements.ts). */
function unitRows(
  job: LoadJob,
  slots: number,
  counts: ReadonlyMap<LoadUnit, UnitCount>,
  direct: ReadonlySet<JobTable>,
): object[] {
  const row = (table: JobTable, unit: LoadUnit): object => {
    const { rows, rescued } = counts.get(unit)!;
    const { bucket, key, last_modified } = unit.source;
    return {
      source_id: unit.sourceId,
      generation: unit.generation,
      event_type: unit.eventType,
      slot: slotOf(unit.eventType, slots),
      table_name: table.plan.table,
      expected: rows,
      direct: direct.has(table),
      rejected: unit.rejectedLines.length,
      rescued,
      parts: unit.receiptParts ?? unit.parts.length,
      receipt_key: unit.receiptKey,
      lane: unit.lane,
      bucket,
      key,
      last_modified,
    };
  };
  return job.tables.flatMap((table) => table.units.map((unit) => row(table, unit)));
}

async function prepareReplaces(
  { database, config }: LoaderContext,
  units: readonly LoadUnit[],
  { slots, objects, run }: PrepareLoad,
): Promise<ReplaceScript | undefined> {
  const replaced = units.flatMap((unit) => unit.replaces.map((older) => ({ older, by: sourceText(unit) })));
  if (replaced.length === 0) return undefined;
  const keys = replaced.map(({ older }) => older);
  const rows = (await loadedUnits(database, keys, run)).filter(({ replacedBy }) => replacedBy === undefined);
  const isPresent = await presentTables(database, config.tables.schema, run);
  const lines = replaced.map(({ older, by }) => ({
    source_id: older.sourceId,
    generation: older.generation,
    event_type: older.eventType,
    replaced_by: by,
  }));
  return {
    url: objects.url(await objects.putLines("replaced.ndjson", lines)),
    found: rows.length,
    // A table that somebody dropped has no rows to delete.
    tables: [...new Set(rows.map(({ table }) => table))].filter(isPresent),
    slots: slotsOf(
      keys.map(({ eventType }) => eventType),
      slots,
    ),
    hasShared: rows.some(({ eventType }) => eventType === OTHER_EVENT_TYPE),
  };
}
