// `log_router.pending`: units whose message is gone and whose load is still to come.
import type { PendingRow, UnitKey } from "../../ports/warehouse.ts";
import { bindRows, boundRows, UNIT_ROW, unitRow } from "./json-rows.ts";
import { PENDING_TYPE, pendingRecord, pendingRow } from "./ledger-rows.ts";
import { count } from "./row-values.ts";
import type { Session } from "./session.ts";

const SAME_UNIT = "p.source_id = k.source_id AND p.generation = k.generation AND p.event_type = k.event_type";
const NOT_LOADED = `FROM log_router.pending p ANTI JOIN log_router.loads k ON ${SAME_UNIT}`;

/** Inserts, or updates all but `since`; takes out what is in `loads` by now. In a transaction of the caller's, beside which nothing is written. */
export async function putPending(session: Session, rows: readonly PendingRow[]): Promise<void> {
  const parameters = bindRows("rows", rows.map(pendingRecord));
  const bound = boundRows("rows", PENDING_TYPE);
  await session.run(
    `UPDATE log_router.pending p SET receipt_key = k.receipt_key, attempts = k.attempts, last_error = k.last_error, next_try = k.next_try
     FROM ${bound} k WHERE ${SAME_UNIT}`,
    parameters,
  );
  await session.run(
    `INSERT INTO log_router.pending SELECT ${Object.keys(PENDING_TYPE).join(", ")} FROM ${bound} k
     WHERE NOT EXISTS (SELECT 1 FROM log_router.pending p WHERE ${SAME_UNIT})`,
    parameters,
  );
  await session.run(`DELETE FROM log_router.pending p USING log_router.loads k WHERE ${SAME_UNIT}`);
}

/** Units in `loads` are left out here, and removed by the next `putPending`: a read stays a read. */
export async function pendingUnits(
  session: Session,
  options: { readonly dueBefore?: Date; readonly limit: number },
): Promise<PendingRow[]> {
  const rows = await session.rows(
    `SELECT p.* ${NOT_LOADED} WHERE $due IS NULL OR p.next_try <= $due::TIMESTAMPTZ
     ORDER BY p.next_try, p.source_id, p.generation, p.event_type LIMIT $limit`,
    {
      due: options.dueBefore?.toISOString() ?? null,
      limit: Math.min(options.limit, Number.MAX_SAFE_INTEGER),
    },
  );
  return rows.map(pendingRow);
}

/** Units alone: a row without event type stands for the row of its source. */
export async function countPending(session: Session): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS n ${NOT_LOADED} WHERE p.event_type <> ''`);
  return count(row!, "n");
}

export async function removePending(session: Session, keys: readonly UnitKey[]): Promise<void> {
  await session.run(
    `DELETE FROM log_router.pending p USING ${boundRows("keys", UNIT_ROW)} k WHERE ${SAME_UNIT}`,
    bindRows("keys", keys.map(unitRow)),
  );
}
