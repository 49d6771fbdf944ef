// What became of a transaction that did not say FINISHED. The ledger is asked first; then the failure is classified: blocked, stale, refused,
// or thrown.
import { RouterError } from "../../errors/router-error.ts";
import type { LoadJob, LoadResult } from "../../ports/warehouse.ts";
import { redshiftLiteral } from "../sql/quote-redshift.ts";
import { allUnits } from "../duckdb/job-units.ts";
import { blockedUnits } from "./blocked-units.ts";
import type { Failed, Run } from "./database.ts";
import { failureKind, statementError } from "./errors.ts";
import { LEDGER_SCHEMA } from "./ledger-schema.ts";
import { readSettings, type LoaderContext } from "./load-context.ts";
import { loadError } from "./load-errors.ts";
import type { ReadyCopy } from "./load-statements.ts";
import type { PreparedLoad } from "./prepare-load.ts";
import type { Refused } from "./refused.ts";
import { count } from "./rows.ts";

export type Answer =
  | { readonly kind: "done"; readonly result: LoadResult }
  /** The parts have other lines than promised: to be found out, or put right, by checking each. */
  | { readonly kind: "check" }
  /** What replaced units had in the ledger has changed meanwhile. */
  | { readonly kind: "again" };

/** Asks the ledger: the transaction of this attempt has put its units there, all or none. */
export async function hasCommitted(
  { database }: LoaderContext,
  job: LoadJob,
  attempt: string,
  run: Run,
): Promise<boolean> {
  const [row] = await database.query(
    `SELECT COUNT(*) FROM ${LEDGER_SCHEMA}.loads WHERE batch_id = ${redshiftLiteral(job.batchId)} AND attempt = ${redshiftLiteral(attempt)}`,
    run,
  );
  return count(row!, 0) > 0;
}

/** Of a transaction that has not committed. Throws Refused, or what is no answer of the port. */
export async function classify(
  context: LoaderContext,
  job: LoadJob,
  prepared: PreparedLoad,
  outcome: Failed,
  run: Run,
): Promise<Answer> {
  const label = outcome.statement === undefined ? undefined : prepared.statements[outcome.statement]?.label;
  const kind = failureKind(outcome.error);
  if (kind === "guard") return guarded(context, job, prepared, label?.step, run);
  const table = label && "table" in label ? label.table : prepared.copies[0]?.group.table;
  if (kind === "load" && table !== undefined)
    throw await copyRefusal(context, table, outcome, prepared.copies, run);
  if (kind === "missing_file") await requireParts(context, job, run);
  throw statementError(run.name, context.database.target, outcome.error);
}

async function guarded(
  context: LoaderContext,
  job: LoadJob,
  prepared: PreparedLoad,
  step: string | undefined,
  run: Run,
): Promise<Answer> {
  const { database } = context;
  const blocked = await blockedUnits(database, allUnits(job), run);
  if (blocked.alreadyLoaded.length + blocked.superseded.length > 0) return { kind: "done", result: blocked };
  if ((await readSettings(database, run)).catalogVersion !== job.catalogVersion)
    return { kind: "done", result: { kind: "stale" } };
  if (step !== undefined && step !== "count") return { kind: "again" };
  if (prepared.copies.some(({ group }) => group.isDirect)) return { kind: "check" };
  throw new RouterError(
    "ACCOUNTING_BROKEN",
    `load of batch ${job.batchId}: COPY gave other rows than were written for it; nothing was loaded`,
    { details: { batch: job.batchId } },
  );
}

/** The refusal of a failed COPY; throws when it failed for another reason than its data. */
export async function copyRefusal(
  context: LoaderContext,
  table: string,
  outcome: Failed,
  copies: readonly ReadyCopy[],
  run: Run,
): Promise<Refused> {
  if (failureKind(outcome.error) !== "load")
    throw statementError(run.name, context.database.target, outcome.error);
  const groups = copies.map(({ group }) => group).filter((group) => group.table === table);
  const files = groups.flatMap(({ files, bucket, compression }) =>
    files.map(({ key }) => ({ key, bucket, compression })),
  );
  return loadError({ ...context, table, outcome, files, run });
}

/** Names the part that is not there; returns when they all are. */
async function requireParts({ store }: LoaderContext, job: LoadJob, run: Run): Promise<void> {
  for (const { key } of allUnits(job).flatMap(({ parts }) => parts)) {
    if (await store.head({ bucket: job.bucket, key }, run.signal)) continue;
    throw new RouterError("OBJECT_GONE", `the part ${key} is not there`, {
      details: { bucket: job.bucket, key },
    });
  }
}
