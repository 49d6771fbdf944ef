// One door to the Redshift Data API: sends statements, waits for their end, reads results. It answers what happened to a statement and
// never guesses: a request whose answer was lost is sent again with the same client token, and when that fails too the outcome is
// unknown (WAREHOUSE_UNAVAILABLE), for the ledger to say. The token is for re-sending one attempt only: a new attempt takes a new one, because
// the API replays an old answer, failures too, for eight hours.
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  paginateGetStatementResult,
  type DescribeStatementResponse,
  type Field,
  type RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";
import { randomUUID } from "node:crypto";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import { dataApiError, isActiveLimit } from "./data-api-errors.ts";
import type { Limiter } from "./data-api-limits.ts";

/** Where statements run and as whom. Exactly one of `workgroup` and `cluster`. */
export interface DataApiTarget {
  readonly workgroup?: string;
  readonly cluster?: string;
  readonly database: string;
  /** Provisioned clusters: temporary credentials of this database user. Without it and `secretArn`: the IAM identity's own user. */
  readonly dbUser?: string;
  readonly secretArn?: string;
}

export interface DataApiOptions {
  readonly target: DataApiTarget;
  readonly limiter: Limiter;
  readonly clock: Clock;
  /** How long a full house (ActiveStatementsExceeded) is waited for. Default 120 s. */
  readonly activeWaitSeconds?: number;
  /** Length of the long poll for a statement's end, 1 to 30; the client's silence must be longer. Default 20. */
  readonly waitSeconds?: number;
  /** Every request's statements, for the SQL journal. */
  readonly journal?: (name: string, sqls: readonly string[]) => void;
}

export type Value = string | number | boolean | null;
export type Row = readonly Value[];

/** How a statement or a batch ended. A failed one was rolled back as a whole, unless `error` is mistaken: the ledger decides. */
export type StatementOutcome =
  | {
      readonly kind: "finished";
      readonly id: string;
      readonly pid: number | undefined;
      /** Rows of the n-th statement of the batch (0-based), each value as text, number, boolean or null. */
      rows(statement: number): Promise<readonly Row[]>;
    }
  | {
      readonly kind: "failed";
      readonly id: string;
      readonly pid: number | undefined;
      readonly aborted: boolean;
      /** 0-based number of the statement that failed, where the API says. */
      readonly statement: number | undefined;
      readonly error: string;
    };

export interface RunOptions {
  /** Says what it is for; ListStatements filters by its prefix. At most 2,048 characters. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** After this the statement is cancelled and its end waited for. Default: none. */
  readonly timeoutSeconds?: number;
}

export interface DataApi {
  readonly target: string;
  /** One transaction: all statements or none. 1 to 40 of them. */
  transaction(sqls: readonly string[], options: RunOptions): Promise<StatementOutcome>;
  /** One statement by itself, committed when it ends: for what may not be in a transaction block. */
  statement(sql: string, options: RunOptions): Promise<StatementOutcome>;
  /** Rows of one SELECT; throws WAREHOUSE_FAILED with the database's message when it fails. */
  query(sql: string, options: RunOptions): Promise<readonly Row[]>;
}

const WAIT_SECONDS = 20;
const MAX_STATEMENTS = 40;
const MAX_SQL_BYTES = 100_000;
/** Tries of a request whose answer was lost, on top of the SDK's own. */
const SEND_ATTEMPTS = 3;
const DESCRIBE_ATTEMPTS = 30;
const ENDED = new Set(["FINISHED", "FAILED", "ABORTED"]);

export function createDataApi(client: RedshiftDataClient, options: DataApiOptions): DataApi {
  const { clock, limiter } = options;
  const { workgroup, cluster, database, dbUser, secretArn } = options.target;
  const target = `redshift:${workgroup ?? cluster}/${database}`;
  const login = {
    Database: database,
    ...(workgroup === undefined ? {} : { WorkgroupName: workgroup }),
    ...(cluster === undefined ? {} : { ClusterIdentifier: cluster }),
    ...(dbUser === undefined ? {} : { DbUser: dbUser }),
    ...(secretArn === undefined ? {} : { SecretArn: secretArn }),
  };
  const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

  /** Sends a request until it has an answer, always with the same token. */
  async function submit(
    kind: "execute" | "batch",
    send: () => Promise<{ Id?: string | undefined }>,
    run: RunOptions,
  ) {
    const patience = clock.now().getTime() + (options.activeWaitSeconds ?? 120) * 1000;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await limiter(kind, send);
        if (answer.Id) return answer.Id;
        throw new Error("the answer has no statement id");
      } catch (error) {
        run.signal?.throwIfAborted();
        const full = isActiveLimit(error);
        const failure = dataApiError(run.name, target, error);
        const again = full ? clock.now().getTime() < patience : failure.retryable && attempt < SEND_ATTEMPTS;
        if (!again) throw failure;
        await clock.sleep(Math.min(5000, 250 * 2 ** attempt) * (0.5 + Math.random() / 2), run.signal);
      }
    }
  }

  /** `waitSeconds` 0: answered at once. */
  async function describe(id: string, waitSeconds: number, signal: AbortSignal | undefined) {
    const command = new DescribeStatementCommand({
      Id: id,
      ...(waitSeconds > 0 ? { WaitTimeSeconds: waitSeconds } : {}),
    });
    return limiter("describe", () => client.send(command, abortable(signal)));
  }

  /** Polls until the statement has ended; goes on through passing errors, because giving up leaves the statement running. */
  async function untilEnded(id: string, run: RunOptions): Promise<DescribeStatementResponse> {
    const deadline =
      run.timeoutSeconds === undefined ? Infinity : clock.now().getTime() + run.timeoutSeconds * 1000;
    const longest = options.waitSeconds ?? WAIT_SECONDS;
    let longPoll = true;
    let failures = 0;
    let cancelled = false;
    /** A poll beyond the deadline would let the statement, and whoever waits behind it, go on as long. */
    const waitSeconds = (now: number): number => {
      if (!longPoll) return 0;
      return cancelled ? longest : Math.max(1, Math.min(longest, Math.ceil((deadline - now) / 1000)));
    };
    for (let turn = 0; ; turn += 1) {
      try {
        const before = clock.now().getTime();
        const state = await describe(id, waitSeconds(before), run.signal);
        failures = 0;
        if (ENDED.has(state.Status ?? "")) return state;
        // An endpoint that does not know long polling answers at once: pause ourselves.
        if (clock.now().getTime() - before < 1000)
          await clock.sleep(Math.min(2000, 50 * 1.5 ** turn), run.signal);
      } catch (error) {
        if (run.signal?.aborted) {
          await cancel(id);
          throw dataApiError(run.name, target, error);
        }
        if (error instanceof Error && error.name === "ValidationException" && longPoll) longPoll = false;
        else if ((failures += 1) >= DESCRIBE_ATTEMPTS) throw dataApiError(run.name, target, error);
        // Stopped meanwhile: the next turn sees it, and cancels.
        await clock.sleep(Math.min(5000, 100 * 2 ** failures), run.signal).catch(() => undefined);
      }
      if (!cancelled && clock.now().getTime() >= deadline) {
        cancelled = true;
        await cancel(id);
      }
    }
  }

  async function cancel(id: string): Promise<void> {
    // Best effort: a statement that has just ended answers with an error, and its end is asked for anyway.
    await limiter("other", () => client.send(new CancelStatementCommand({ Id: id }))).catch(() => undefined);
  }

  function outcome(state: DescribeStatementResponse, run: RunOptions): StatementOutcome {
    const id = state.Id ?? "";
    const parts = state.SubStatements ?? [];
    if (state.Status === "FINISHED")
      return {
        kind: "finished",
        id,
        pid: state.RedshiftPid,
        rows: (n) => readRows(parts.length > 0 ? (parts[n]?.Id ?? `${id}:${n + 1}`) : id, run),
      };
    const failed = parts.findIndex((part) => part.Status === "FAILED" || part.Error);
    return {
      kind: "failed",
      id,
      pid: state.RedshiftPid,
      aborted: state.Status === "ABORTED",
      statement: failed < 0 ? undefined : failed,
      error: state.Error || parts[failed]?.Error || `the statement ended as ${state.Status}`,
    };
  }

  async function readRows(id: string, run: RunOptions): Promise<readonly Row[]> {
    const rows: Row[] = [];
    try {
      const pages = paginateGetStatementResult(
        { client, stopOnSameToken: true },
        { Id: id },
        abortable(run.signal),
      );
      for (;;) {
        const page = await limiter("result", () => pages.next());
        if (page.done) return rows;
        for (const record of page.value.Records ?? []) rows.push(record.map(valueOf));
        // Not one turn more of the limiter, to be told that there is nothing to ask for.
        if (!page.value.NextToken) return rows;
      }
    } catch (error) {
      throw dataApiError(`${run.name}: reading the result`, target, error);
    }
  }

  async function transaction(sqls: readonly string[], run: RunOptions): Promise<StatementOutcome> {
    check(sqls, run);
    options.journal?.(run.name, sqls);
    const request = { ...login, Sqls: [...sqls], StatementName: run.name, ClientToken: randomUUID() };
    const send = () => client.send(new BatchExecuteStatementCommand(request), abortable(run.signal));
    return outcome(await untilEnded(await submit("batch", send, run), run), run);
  }

  async function statement(sql: string, run: RunOptions): Promise<StatementOutcome> {
    check([sql], run);
    options.journal?.(run.name, [sql]);
    const request = { ...login, Sql: sql, StatementName: run.name, ClientToken: randomUUID() };
    const send = () => client.send(new ExecuteStatementCommand(request), abortable(run.signal));
    return outcome(await untilEnded(await submit("execute", send, run), run), run);
  }

  return {
    target,
    transaction,
    statement,
    async query(sql, run) {
      const ended = await statement(sql, run);
      if (ended.kind === "finished") return ended.rows(0);
      throw new RouterError("WAREHOUSE_FAILED", `${run.name} on ${target}: ${ended.error}`, {
        details: { target },
      });
    },
  };
}

/** What the API would refuse, or cut, is refused here, where the message can say which statement it was. */
function check(sqls: readonly string[], run: RunOptions): void {
  const bytes = sqls.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0);
  if (sqls.length < 1 || sqls.length > MAX_STATEMENTS || bytes > MAX_SQL_BYTES)
    throw new RouterError(
      "INTERNAL",
      `${run.name}: ${sqls.length} statements of ${bytes} bytes; the Data API takes 1 to ${MAX_STATEMENTS} and ${MAX_SQL_BYTES} bytes`,
    );
}

/** DECIMAL, dates, timestamps and SUPER arrive as text. Integers beyond 2^53 lose digits on the way: select those as VARCHAR. */
function valueOf(field: Field): Value {
  if (field.isNull) return null;
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null;
}
