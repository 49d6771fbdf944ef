// What the reading verbs ask.
import { OTHER_EVENT_TYPE } from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { TableSummary, WarehouseReads } from "../../ports/warehouse.ts";
import { redshiftLiteral, redshiftName, redshiftTable, sameText } from "../sql/quote-redshift.ts";
import { EVENT_TYPE_MEMBER, LINE_MEMBER, RESCUED_MEMBER, SOURCE_MEMBER } from "../../contracts/words.ts";
import type { Row } from "./data-api.ts";
import type { Database, Run } from "./database.ts";
import { failureKind, statementError } from "./errors.ts";
import { SOURCE_COLUMNS, sourceRow } from "./ledger-rows.ts";
import { loadsOfSources } from "./ledger-reads.ts";
import { LEDGER_SCHEMA } from "./ledger-schema.ts";
import { countPending } from "./pending.ts";
import { count, text, time } from "./rows.ts";
import { sampleRows } from "./sample-rows.ts";

/** Grouped with a mark behind, because of trailing blanks. */
const TABLE_SUMMARIES = `SELECT SUBSTRING(g.event_type, 1, LEN(g.event_type) - 1), g.table_name, g.n, g.rejected, g.rescued, COALESCE(c.n, 0), g.sources, g.last_loaded_at, g.last_source_at
  FROM (SELECT l.event_type || '.' AS event_type, l.table_name, SUM(l."rows") AS n, SUM(l.rejected) AS rejected, SUM(l.rescued) AS rescued,
      COUNT(DISTINCT l.source_id) AS sources, MAX(l.loaded_at) AS last_loaded_at,
      MIN(CASE WHEN l.loaded_at = l.last_load THEN l.last_modified END) AS last_source_at
    FROM (SELECT u.event_type, u.table_name, u."rows", u.rejected, u.rescued, u.source_id, u.loaded_at, s.last_modified,
        MAX(u.loaded_at) OVER (PARTITION BY u.event_type || '.', u.table_name) AS last_load
      FROM ${LEDGER_SCHEMA}.loads u
      LEFT JOIN ${LEDGER_SCHEMA}.sources s ON s.source_id = u.source_id AND s.generation = u.generation
      WHERE u.replaced_by IS NULL) l
    GROUP BY l.event_type || '.', l.table_name) g
  LEFT JOIN (SELECT table_name, COUNT(*) AS n FROM ${LEDGER_SCHEMA}."columns" GROUP BY table_name) c ON c.table_name = g.table_name
  ORDER BY 1, 2`;

function tableSummary(row: Row): TableSummary {
  return {
    eventType: text(row, 0),
    table: text(row, 1),
    rows: count(row, 2),
    rejected: count(row, 3),
    rescued: count(row, 4),
    columns: count(row, 5),
    sources: count(row, 6),
    lastLoadedAt: time(row, 7),
    ...(row[8] === null ? {} : { lastSourceAt: time(row, 8) }),
  };
}

/** Lines of `_lr_other` keep their own event type in the row; they are counted for the unit that loaded them. */
function countRows(eventSchema: string, table: string): string {
  const [source, line, eventType] = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER].map(redshiftName);
  const units = `SELECT DISTINCT source_id, event_type || '.' AS event_type FROM ${LEDGER_SCHEMA}.loads
    WHERE ${sameText("table_name", redshiftLiteral(table))} AND replaced_by IS NULL`;
  const shown =
    "CASE WHEN own.event_type IS NULL AND other.event_type IS NOT NULL THEN other.event_type ELSE c.line_type END";
  return `SELECT q.source_id, SUBSTRING(q.event_type, 1, LEN(q.event_type) - 1), SUM(q.n), SUM(q.repeated) FROM (
    SELECT c.source_id, ${shown} AS event_type, c.n, c.repeated
    FROM (SELECT ${source} AS source_id, ${eventType} || '.' AS line_type, COUNT(*) AS n, COUNT(*) - COUNT(DISTINCT ${line}) AS repeated
      FROM ${redshiftTable(eventSchema, table)} GROUP BY ${source}, ${eventType} || '.') c
    LEFT JOIN (${units}) own ON own.source_id = c.source_id AND own.event_type = c.line_type
    LEFT JOIN (${units}) other ON other.source_id = c.source_id AND other.event_type = '${OTHER_EVENT_TYPE}.'
  ) q GROUP BY q.source_id, q.event_type ORDER BY 1, 2`;
}

/** The array is unnested by naming it in FROM. */
function rescuedPaths(eventSchema: string, table: string): string {
  return `SELECT CAST(e.p AS VARCHAR(65535)), COUNT(*) FROM ${redshiftTable(eventSchema, table)} AS t, t.${redshiftName(RESCUED_MEMBER)} AS e GROUP BY 1`;
}

/** Paths are JSON texts; the splitter writes what is not ASCII escaped. */
function mergedPaths(rows: readonly Row[]): { path: string; values: number }[] {
  const totals = new Map<string, number>();
  for (const row of rows) {
    const path = JSON.stringify(JSON.parse(text(row, 0)));
    totals.set(path, (totals.get(path) ?? 0) + count(row, 1));
  }
  return [...totals]
    .map(([path, values]) => ({ path, values }))
    .toSorted((a, b) => b.values - a.values || (a.path < b.path ? -1 : 1));
}

/** `schemaOf` gives the schema of the event tables. */
export function createReads(
  database: Database,
  schemaOf: (signal: AbortSignal | undefined) => Promise<string>,
): WarehouseReads {
  const run = (name: string, signal: AbortSignal | undefined): Run => ({ name, signal });
  return {
    async tableSummaries(signal) {
      return (await database.query(TABLE_SUMMARIES, run("table summaries", signal))).map(tableSummary);
    },
    async sources({ after, limit }, signal) {
      const id = after && redshiftLiteral(after.sourceId);
      const start = after
        ? `WHERE source_id > ${id} OR (source_id = ${id} AND generation > ${after.generation})`
        : "";
      const rows = await database.query(
        `SELECT ${SOURCE_COLUMNS} FROM ${LEDGER_SCHEMA}.sources ${start} ORDER BY source_id, generation LIMIT ${limit}`,
        run("sources", signal),
      );
      return rows.map(sourceRow);
    },
    loads: (ids, signal) => loadsOfSources(database, ids, run("loads", signal)),
    pendingCount: (signal) => countPending(database, run("pending count", signal)),
    async countRows(table, signal) {
      const rows = await database.query(
        countRows(await schemaOf(signal), table),
        run(`count rows ${table}`, signal),
      );
      return rows.map((row) => ({
        sourceId: text(row, 0),
        eventType: text(row, 1),
        rows: count(row, 2),
        repeated: count(row, 3),
      }));
    },
    sampleRows: async (table, limit, signal) =>
      sampleRows(database, await schemaOf(signal), table, limit, run(`rows of ${table}`, signal)),
    async rescuedPaths(table, signal) {
      return mergedPaths(
        await database.query(rescuedPaths(await schemaOf(signal), table), run(`rescued ${table}`, signal)),
      );
    },
    async ddl(table, signal) {
      const eventSchema = await schemaOf(signal);
      const outcome = await database.alone(
        `SHOW TABLE ${redshiftTable(eventSchema, table)}`,
        run(`ddl ${table}`, signal),
      );
      if (outcome.kind === "finished") return text((await outcome.rows(0))[0]!, 0);
      const { error } = outcome;
      if (failureKind(error) !== "other" || !/not found|does not exist|doesn't exist/i.test(error))
        throw statementError(`ddl ${table}`, database.target, error);
      throw new RouterError("NOT_FOUND", `there is no table ${redshiftName(table)} in ${eventSchema}`, {
        details: { table },
      });
    },
  };
}
