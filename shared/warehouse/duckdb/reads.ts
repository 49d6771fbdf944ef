// What the reading verbs ask. Each is one short read of the file.
import { OTHER_EVENT_TYPE } from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { TableSummary, WarehouseReads } from "../../ports/warehouse.ts";
import { qualifiedName, quoteIdentifier } from "../sql/quote.ts";
import { countTables } from "./count-tables.ts";
import { LEDGER_COLUMNS, ledgerRow, sourceRow } from "./ledger-rows.ts";
import { countPending } from "./pending.ts";
import { count, text, time } from "./row-values.ts";
import type { Row, Session } from "./session.ts";
import type { SharedFile } from "./shared-file.ts";

function tableSummary(row: Row): TableSummary {
  return {
    eventType: text(row, "event_type"),
    table: text(row, "table_name"),
    rows: count(row, "rows"),
    rejected: count(row, "rejected"),
    rescued: count(row, "rescued"),
    columns: count(row, "columns"),
    sources: count(row, "sources"),
    lastLoadedAt: time(row, "last_loaded_at"),
    ...(row["last_source_at"] === null ? {} : { lastSourceAt: time(row, "last_source_at") }),
  };
}

const TABLE_SUMMARIES = `
  SELECT l.event_type, l.table_name, sum(l."rows") AS "rows", sum(l.rejected) AS rejected, sum(l.rescued) AS rescued,
    (SELECT count(*) FROM log_router.columns c WHERE c.table_name = l.table_name) AS "columns",
    count(DISTINCT l.source_id) AS sources, max(l.loaded_at) AS last_loaded_at,
    min(l.last_modified) FILTER (l.loaded_at = l.last_load) AS last_source_at
  FROM (SELECT loads.*, s.last_modified, max(loads.loaded_at) OVER (PARTITION BY loads.event_type, loads.table_name) AS last_load
    FROM log_router.loads LEFT JOIN log_router.sources s ON s.source_id = loads.source_id AND s.generation = loads.generation
    WHERE loads.replaced_by IS NULL) l
  GROUP BY l.event_type, l.table_name ORDER BY l.event_type, l.table_name`;

const SOURCES_PAGE = `
  SELECT * FROM log_router.sources
  WHERE $id IS NULL OR source_id > $id OR (source_id = $id AND generation > $generation)
  ORDER BY source_id, generation LIMIT $limit`;

/** Lines of \`_lr_other\` keep their own event type in the row; they are counted for the unit that loaded them. */
const countRows = (table: string): string => `
  WITH counted AS (
    SELECT _lr_source AS source_id, _lr_event_type AS line_type, count(*) AS n, count(*) - count(DISTINCT _lr_line) AS repeated
    FROM ${table} GROUP BY ALL),
  units AS (SELECT DISTINCT source_id, event_type FROM log_router.loads WHERE table_name = $table AND replaced_by IS NULL)
  SELECT c.source_id,
    CASE WHEN own.event_type IS NULL AND other.event_type IS NOT NULL THEN other.event_type ELSE c.line_type END AS event_type,
    sum(c.n) AS n, sum(c.repeated) AS repeated
  FROM counted c
  LEFT JOIN units own ON own.source_id = c.source_id AND own.event_type = c.line_type
  LEFT JOIN units other ON other.source_id = c.source_id AND other.event_type = $other
  GROUP BY ALL ORDER BY ALL`;

const rescuedPaths = (table: string): string => `
  SELECT json_extract(e.p, '$')::VARCHAR AS path, count(*) AS n
  FROM (SELECT unnest(from_json(_lr_rescued, '[{"p":"VARCHAR"}]')) AS e FROM ${table} WHERE _lr_rescued IS NOT NULL)
  GROUP BY ALL ORDER BY n DESC, path`;

const COLUMN_TYPES = `
  SELECT column_name AS name, data_type AS type FROM duckdb_columns()
  WHERE schema_name = $schema AND table_name = $table AND database_name = current_database()`;

/** BIGINT comes as text: a number where that is exact. JSON columns stay text, their numbers may be beyond what JSON.parse keeps. */
function jsonReady(value: unknown, type: string | undefined): unknown {
  const isNumber = type === "BIGINT" && typeof value === "string" && Number.isSafeInteger(Number(value));
  return isNumber ? Number(value) : value;
}

async function sampleRows(
  session: Session,
  table: string,
  eventSchema: string,
  limit: number,
): Promise<Row[]> {
  const columns = await session.rows(COLUMN_TYPES, { schema: eventSchema, table });
  const types = new Map(columns.map((column) => [text(column, "name"), text(column, "type")]));
  const rows = await session.jsonRows(
    `SELECT * FROM ${qualifiedName(eventSchema, table)} ORDER BY _lr_source, _lr_line LIMIT $limit`,
    { limit: Math.min(limit, Number.MAX_SAFE_INTEGER) },
  );
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, jsonReady(value, types.get(name))])),
  );
}

/** `eventSchema` is asked at each read. */
export function createReads(file: SharedFile, eventSchema: () => string): WarehouseReads {
  return {
    tableSummaries: (signal) =>
      file.read(async (session) => (await session.rows(TABLE_SUMMARIES)).map(tableSummary), signal),
    sources: ({ after, limit }, signal) =>
      file.read(async (session) => {
        const start = { id: after?.sourceId ?? null, generation: after?.generation ?? 0 };
        return (await session.rows(SOURCES_PAGE, { ...start, limit })).map(sourceRow);
      }, signal),
    loads: (ids, signal) =>
      file.read(async (session) => {
        const rows = await session.rows(
          `SELECT ${LEDGER_COLUMNS} FROM log_router.loads WHERE source_id IN (SELECT unnest($ids))
           ORDER BY source_id, generation, event_type`,
          { ids },
        );
        return rows.map(ledgerRow);
      }, signal),
    pendingCount: (signal) => file.read(countPending, signal),
    countRows: (table, signal) =>
      file.read(async (session) => {
        const rows = await session.rows(countRows(qualifiedName(eventSchema(), table)), {
          table,
          other: OTHER_EVENT_TYPE,
        });
        return rows.map((row) => ({
          sourceId: text(row, "source_id"),
          eventType: text(row, "event_type"),
          rows: count(row, "n"),
          repeated: count(row, "repeated"),
        }));
      }, signal),
    countTables: (tables, signal) => countTables(file, eventSchema(), tables, signal),
    sampleRows: (table, limit, signal) =>
      file.read((session) => sampleRows(session, table, eventSchema(), limit), signal),
    rescuedPaths: (table, signal) =>
      file.read(async (session) => {
        const rows = await session.rows(rescuedPaths(qualifiedName(eventSchema(), table)));
        return rows.map((row) => ({ path: text(row, "path"), values: count(row, "n") }));
      }, signal),
    ddl: (table, signal) =>
      file.read(async (session) => {
        const [row] = await session.rows(
          "SELECT sql FROM duckdb_tables() WHERE schema_name = $schema AND table_name = $table AND database_name = current_database()",
          { schema: eventSchema(), table },
        );
        if (!row)
          throw new RouterError(
            "NOT_FOUND",
            `there is no table ${quoteIdentifier(table)} in ${eventSchema()}`,
            {
              details: { table },
            },
          );
        return text(row, "sql");
      }, signal),
  };
}
