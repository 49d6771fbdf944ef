// `log_router.sources`: announcing, superseding, settling. The rules are in ../source-rules.ts; here they meet the table.
import type { SourceRow, UnitKey } from "../../ports/warehouse.ts";
import { blocks, isReplaceable, replaces, settleOutcome, sourceText, unitKey } from "../source-rules.ts";
import { bindRows, boundRows } from "./json-rows.ts";
import {
  LEDGER_COLUMNS,
  ledgerRow,
  SOURCE_COLUMNS,
  SOURCE_TYPE,
  sourceRecord,
  sourceRow,
} from "./ledger-rows.ts";
import type { Session } from "./session.ts";

const SOURCE_KEY = { source_id: "VARCHAR", generation: "BIGINT" } as const;

export async function sourcesNamed(
  session: Session,
  names: readonly { readonly bucket: string; readonly key: string }[],
): Promise<SourceRow[]> {
  const rows = await session.rows(
    `SELECT s.* FROM log_router.sources s SEMI JOIN ${boundRows("names", { bucket: "VARCHAR", key: "VARCHAR" })} n
     ON s.bucket = n.bucket AND s."key" = n."key" ORDER BY s.source_id, s.generation`,
    bindRows(
      "names",
      names.map(({ bucket, key }) => ({ bucket, key })),
    ),
  );
  return rows.map(sourceRow);
}

export async function sourcesWithIds(session: Session, ids: readonly string[]): Promise<SourceRow[]> {
  const rows = await session.rows(
    "SELECT * FROM log_router.sources WHERE source_id IN (SELECT unnest($ids)) ORDER BY source_id, generation",
    { ids },
  );
  return rows.map(sourceRow);
}

/** Inserts the rows, in the place of those with the same id and generation. */
async function writeSources(session: Session, rows: readonly SourceRow[]): Promise<void> {
  if (rows.length === 0) return;
  await session.run(
    `DELETE FROM log_router.sources s USING ${boundRows("keys", SOURCE_KEY)} k
     WHERE s.source_id = k.source_id AND s.generation = k.generation`,
    bindRows(
      "keys",
      rows.map((row) => ({ source_id: row.sourceId, generation: row.generation })),
    ),
  );
  await session.run(
    `INSERT INTO log_router.sources (${SOURCE_COLUMNS}) SELECT ${SOURCE_COLUMNS} FROM ${boundRows("rows", SOURCE_TYPE)}`,
    bindRows("rows", rows.map(sourceRecord)),
  );
}

/** In a transaction of the caller's, which holds the file and so all slots. */
export async function supersede(
  session: Session,
  row: SourceRow,
): Promise<{ kind: "ready"; units: readonly UnitKey[] } | { kind: "superseded" }> {
  const named = await sourcesNamed(session, [row]);
  const own = named.find((other) => sourceText(other) === sourceText(row));
  const others = named.filter((other) => other !== own);
  if (own?.state === "replaced" || others.some((other) => blocks(other, row))) return { kind: "superseded" };
  const older = others.filter((other) => replaces(row, other));
  await writeSources(session, [
    ...(own?.state === "loaded" ? [] : [{ ...row, state: "loading" as const }]),
    ...older
      .filter((other) => isReplaceable(row, other))
      .map((other) => ({ ...other, state: "replaced" as const })),
  ]);
  const units = await session.rows(
    `SELECT ${LEDGER_COLUMNS} FROM log_router.loads l SEMI JOIN ${boundRows("keys", SOURCE_KEY)} k
     ON l.source_id = k.source_id AND l.generation = k.generation WHERE l.replaced_by IS NULL`,
    bindRows(
      "keys",
      older.map((other) => ({ source_id: other.sourceId, generation: other.generation })),
    ),
  );
  return { kind: "ready", units: units.map((unit) => unitKey(ledgerRow(unit))) };
}

const nameText = ({ bucket, key }: SourceRow): string => JSON.stringify([bucket, key]);

/** In a transaction of the caller's. Rows are settled one after another: two of one name may be among them. */
export async function settleSources(
  session: Session,
  rows: readonly SourceRow[],
): Promise<{ conflicts: readonly SourceRow[] }> {
  const known = Map.groupBy(await sourcesNamed(session, rows), nameText);
  const conflicts: SourceRow[] = [];
  const written = new Map<string, SourceRow>();
  for (const row of rows) {
    // Only those of its name matter, and a source has one name for ever.
    const named = known.get(nameText(row)) ?? [];
    const outcome = settleOutcome(row, named);
    if (outcome === "conflict") conflicts.push(row);
    if (outcome !== "write") continue;
    known.set(nameText(row), [...named.filter((other) => sourceText(other) !== sourceText(row)), row]);
    written.set(sourceText(row), row);
  }
  await writeSources(session, [...written.values()]);
  return { conflicts };
}
