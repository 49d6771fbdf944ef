// `log_router.sources`: announcing, superseding, settling. The rules are in ../source-rules.ts; here they meet the table. What becomes of the
// rows is worked out beforehand from what was read; the transaction takes the locks, guards that those rows are unchanged, and writes. When
// the guard fails, all of it is done again.
import { randomInt } from "node:crypto";
import { RouterError } from "../../errors/router-error.ts";
import type { SourceRow, UnitKey } from "../../ports/warehouse.ts";
import { sameText } from "../sql/quote-redshift.ts";
import { blocks, isReplaceable, replaces, settleOutcome, sourceText, unitKey } from "../source-rules.ts";
import { inSizedChunks, valueBytes, valueChunks, type Database, type Run } from "./database.ts";
import { failureKind, statementError } from "./errors.ts";
import { SOURCE_COLUMNS, sourceLiterals } from "./ledger-rows.ts";
import { LEDGER_SCHEMA, lockSlots, SOURCES_LOCK } from "./ledger-schema.ts";
import { loadsOfSources } from "./ledger-reads.ts";
import { revisedSources, type RevisedRow } from "./source-reads.ts";

const ROUNDS = 30;
/** Of the rows of one transaction, as text. Each stands there once, its name and its id once more, and the Data API takes 100,000 bytes (data-api.ts). */
const ROW_BYTES_A_TRANSACTION = 40_000;
const SOURCES = `${LEDGER_SCHEMA}.sources`;

interface Write {
  readonly lock: string;
  /** What was read of these names, to be found again. */
  readonly seen: readonly RevisedRow[];
  readonly names: readonly { readonly bucket: string; readonly key: string }[];
  readonly rows: readonly SourceRow[];
  /** Rows that are `replaced` from now on. */
  readonly replaced: readonly SourceRow[];
}

/** A sum of random numbers tells whether any of the rows was written again. */
const MAX_REVISION = 2 ** 40;

/** False when the rows read have changed meanwhile; nothing was written then. */
async function write(
  database: Database,
  { lock, seen, names, rows, replaced }: Write,
  run: Run,
): Promise<boolean> {
  const revision = randomInt(MAX_REVISION);
  const keys = [
    ...new Map(names.map(({ bucket, key }) => [JSON.stringify([bucket, key]), [bucket, key]])).values(),
  ];
  const revisions = seen.reduce((sum, { revision }) => sum + revision, 0);
  const statements = [
    lock,
    'CREATE TEMP TABLE lr_names (bucket VARCHAR(256), "key" VARCHAR(4096))',
    ...valueChunks(keys).map((values) => `INSERT INTO lr_names VALUES ${values}`),
    `SELECT 1 / (CASE WHEN COUNT(*) = ${seen.length} AND COALESCE(SUM(s.revision), 0) = ${revisions} THEN 1 ELSE 0 END) FROM ${SOURCES} s
  JOIN lr_names n ON s.bucket = n.bucket AND ${sameText('s."key"', 'n."key"')}`,
    ...(rows.length > 0 ? overwrite(rows, revision) : []),
    ...(replaced.length > 0 ? mark(replaced, revision) : []),
  ];
  const isWritten = async (): Promise<boolean> => {
    const now = await revisedSources(database, names, run);
    const ours = new Set(now.filter((one) => one.revision === revision).map(({ row }) => sourceText(row)));
    return ours.size > 0 && [...rows, ...replaced].every((row) => ours.has(sourceText(row)));
  };
  let failure: string;
  try {
    const outcome = await database.attempt(statements, run);
    if (outcome.kind === "finished") return true;
    failure = outcome.error;
  } catch (error) {
    if (!run.signal?.aborted && (await isWritten().catch(() => false))) return true;
    throw error;
  }
  if (await isWritten()) return true;
  if (failureKind(failure) === "guard") return false;
  throw statementError(run.name, database.target, failure);
}

const KEY_COLUMNS = "source_id VARCHAR(64), generation BIGINT";
const keysOf = (rows: readonly SourceRow[]): readonly string[] =>
  valueChunks(rows.map((row) => [row.sourceId, row.generation]));

/** Rows in the place of those with the same id and generation. */
function overwrite(rows: readonly SourceRow[], revision: number): string[] {
  return [
    `CREATE TEMP TABLE lr_written (${KEY_COLUMNS})`,
    ...keysOf(rows).map((values) => `INSERT INTO lr_written VALUES ${values}`),
    `DELETE FROM ${SOURCES} USING lr_written w WHERE sources.source_id = w.source_id AND sources.generation = w.generation`,
    ...valueChunks(rows.map((row) => [...sourceLiterals(row), revision])).map(
      (values) => `INSERT INTO ${SOURCES} (${SOURCE_COLUMNS}, revision) VALUES ${values}`,
    ),
  ];
}

function mark(replaced: readonly SourceRow[], revision: number): string[] {
  return [
    `CREATE TEMP TABLE lr_marked (${KEY_COLUMNS})`,
    ...keysOf(replaced).map((values) => `INSERT INTO lr_marked VALUES ${values}`),
    `UPDATE ${SOURCES} SET state = 'replaced', revision = ${revision} FROM lr_marked m
  WHERE sources.source_id = m.source_id AND sources.generation = m.generation`,
  ];
}

/** Does `round` until it has an answer; undefined says that somebody else was first. */
async function untilUnchanged<T>(
  database: Database,
  run: Run,
  round: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 1; attempt <= ROUNDS; attempt++) {
    const answer = await database.retried(round, run.signal);
    if (answer !== undefined) return answer;
  }
  throw new RouterError(
    "TABLE_LOCKED",
    `${run.name} on ${database.target}: others keep changing the same sources`,
    { retryable: true },
  );
}

/** Holds all slots while it writes, so that no load of an older source is under way or begins before it is seen. */
export function supersede(
  database: Database,
  slots: number,
  row: SourceRow,
  run: Run,
): Promise<{ kind: "ready"; units: readonly UnitKey[] } | { kind: "superseded" }> {
  return untilUnchanged(database, run, async () => {
    const seen = await revisedSources(database, [row], run);
    const named = seen.map((one) => one.row);
    const own = named.find((other) => sourceText(other) === sourceText(row));
    const others = named.filter((other) => other !== own);
    if (own?.state === "replaced" || others.some((other) => blocks(other, row)))
      return { kind: "superseded" as const };
    const older = others.filter((other) => replaces(row, other));
    const rows: SourceRow[] = own?.state === "loaded" ? [] : [{ ...row, state: "loading" }];
    const replaced = older.filter((other) => isReplaceable(row, other) && other.state !== "replaced");
    const lock = lockSlots(
      Array.from({ length: slots }, (_, slot) => slot),
      SOURCES_LOCK,
    );
    // Also when nothing is to be written: holding the slots is what makes the ledger's answer final.
    if (!(await write(database, { lock, seen, names: [row], rows, replaced }, run))) return undefined;
    const ledger = await loadsOfSources(
      database,
      older.map(({ sourceId }) => sourceId),
      run,
    );
    const wanted = new Set(older.map(sourceText));
    const units = ledger
      .filter((unit) => unit.replacedBy === undefined && wanted.has(sourceText(unit)))
      .map(unitKey);
    return { kind: "ready" as const, units };
  });
}

/** Rows are settled one after another: two of one name may be among them. */
export async function settleSources(
  database: Database,
  rows: readonly SourceRow[],
  run: Run,
): Promise<{ conflicts: readonly SourceRow[] }> {
  const conflicts: SourceRow[] = [];
  for (const chunk of inSizedChunks(
    rows,
    (row) => valueBytes(sourceLiterals(row)),
    ROW_BYTES_A_TRANSACTION,
  )) {
    conflicts.push(
      ...(await untilUnchanged(database, run, async () => {
        const seen = await revisedSources(database, chunk, run);
        const { written, conflicts } = settled(
          chunk,
          seen.map(({ row }) => row),
        );
        const lock = `LOCK TABLE ${SOURCES_LOCK}`;
        const isWritten =
          written.length === 0 ||
          (await write(database, { lock, seen, names: chunk, rows: written, replaced: [] }, run));
        return isWritten ? conflicts : undefined;
      })),
    );
  }
  return { conflicts };
}

function settled(
  rows: readonly SourceRow[],
  found: readonly SourceRow[],
): { written: SourceRow[]; conflicts: SourceRow[] } {
  const known = new Map(found.map((row) => [sourceText(row), row]));
  const conflicts: SourceRow[] = [];
  const written = new Map<string, SourceRow>();
  for (const row of rows) {
    const outcome = settleOutcome(row, [...known.values()]);
    if (outcome === "conflict") conflicts.push(row);
    if (outcome !== "write") continue;
    known.set(sourceText(row), row);
    written.set(sourceText(row), row);
  }
  return { written: [...written.values()], conflicts };
}
