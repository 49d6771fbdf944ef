// `log_router.pending`: units whose message is gone and whose load is still to come. A load does not write here, so that two loads never meet
// at this table: what has been loaded meanwhile is left out when it is read, and removed on the way.
import type { PendingRow, UnitKey } from "../../ports/warehouse.ts";
import { redshiftValue, sameText } from "../sql/quote-redshift.ts";
import { inChunks, valueChunks, type Database, type Literal, type Run } from "./database.ts";
import { PENDING_COLUMNS, pendingLiterals, pendingRow } from "./ledger-rows.ts";
import { LEDGER_SCHEMA } from "./ledger-schema.ts";
import { count } from "./rows.ts";

const PENDING = `${LEDGER_SCHEMA}.pending`;
const KEYS = "CREATE TEMP TABLE lr_keys (source_id VARCHAR(64), generation BIGINT, event_type VARCHAR(256))";
const ROWS_A_TRANSACTION = 200;

const sameUnit = (left: string, right: string): string =>
  `${left}.source_id = ${right}.source_id AND ${left}.generation = ${right}.generation AND ${sameText(`${left}.event_type`, `${right}.event_type`)}`;
const IS_LOADED = `FROM ${PENDING} p JOIN ${LEDGER_SCHEMA}.loads l ON ${sameUnit("p", "l")}`;
const NOT_LOADED = `FROM ${PENDING} p LEFT JOIN ${LEDGER_SCHEMA}.loads l ON ${sameUnit("p", "l")} WHERE l.source_id IS NULL`;

/** Inserts, or updates all but `since`. */
export async function putPending(database: Database, rows: readonly PendingRow[], run: Run): Promise<void> {
  for (const chunk of inChunks(rows, ROWS_A_TRANSACTION)) {
    const table = `CREATE TEMP TABLE lr_put (source_id VARCHAR(64), generation BIGINT, event_type VARCHAR(256), receipt_key VARCHAR(256),
  attempts BIGINT, last_error VARCHAR(4096), next_try TIMESTAMPTZ, since TIMESTAMPTZ)`;
    for (const values of inChunks(valueChunks(chunk.map(pendingLiterals)), 2)) {
      const statements = [
        lockPending,
        table,
        ...values.map((some) => `INSERT INTO lr_put VALUES ${some}`),
        `UPDATE lr_put SET since = p.since FROM ${PENDING} p WHERE ${sameUnit("lr_put", "p")}`,
        `DELETE FROM ${PENDING} USING lr_put k WHERE ${sameUnit("pending", "k")}`,
        `INSERT INTO ${PENDING} (${PENDING_COLUMNS}) SELECT ${PENDING_COLUMNS} FROM lr_put`,
      ];
      await database.retried(() => database.transaction(statements, run), run.signal);
    }
  }
}

const lockPending = `LOCK TABLE ${PENDING}`;

export async function pendingUnits(
  database: Database,
  options: { readonly dueBefore?: Date; readonly limit: number },
  run: Run,
): Promise<readonly PendingRow[]> {
  const due = options.dueBefore === undefined ? "" : ` AND p.next_try <= ${redshiftValue(options.dueBefore)}`;
  const columns = PENDING_COLUMNS.split(", ")
    .map((column) => `p.${column}`)
    .join(", ");
  const limit = Math.min(options.limit, Number.MAX_SAFE_INTEGER);
  const rows = await database.query(
    `SELECT ${columns} ${NOT_LOADED}${due} ORDER BY p.next_try, p.source_id, p.generation, p.event_type LIMIT ${limit}`,
    run,
  );
  await removeLoaded(database, run);
  return rows.map(pendingRow);
}

export async function countPending(database: Database, run: Run): Promise<number> {
  const [row] = await database.query(`SELECT COUNT(*) ${NOT_LOADED}`, run);
  return count(row!, 0);
}

/** What is in `loads` by now. Asked first: nearly always there is nothing, and a DELETE takes a lock. */
async function removeLoaded(database: Database, run: Run): Promise<void> {
  const [row] = await database.query(`SELECT COUNT(*) ${IS_LOADED}`, run);
  if (count(row!, 0) === 0) return;
  const statements = [
    lockPending,
    `CREATE TEMP TABLE lr_keys AS SELECT p.source_id, p.generation, p.event_type ${IS_LOADED}`,
    `DELETE FROM ${PENDING} USING lr_keys k WHERE ${sameUnit("pending", "k")}`,
  ];
  await database.retried(() => database.transaction(statements, run), run.signal);
}

export async function removePending(database: Database, keys: readonly UnitKey[], run: Run): Promise<void> {
  const rows = keys.map(({ sourceId, generation, eventType }): Literal[] => [
    sourceId,
    generation,
    eventType,
  ]);
  for (const values of inChunks(valueChunks(rows), 2)) {
    const statements = [
      lockPending,
      KEYS,
      ...values.map((some) => `INSERT INTO lr_keys VALUES ${some}`),
      `DELETE FROM ${PENDING} USING lr_keys k WHERE ${sameUnit("pending", "k")}`,
    ];
    await database.retried(() => database.transaction(statements, run), run.signal);
  }
}
