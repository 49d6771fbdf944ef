// What the parts of the warehouse share: statements with names, failures as RouterErrors, transactions done again after a conflict, and rows
// inside statements in chunks, so that no statement grows with them.
import type { Clock } from "../../ports/clock.ts";
import { redshiftValue } from "../sql/quote-redshift.ts";
import type { DataApi, Row, StatementOutcome } from "./data-api.ts";
import { isConflict, statementError } from "./errors.ts";

export interface Run {
  /** What it is for: shown in the API's list of statements, and in errors. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Seconds that each statement may take, waiting for locks included. Default 300. */
  readonly timeoutSeconds?: number;
}

export type Finished = Extract<StatementOutcome, { kind: "finished" }>;
export type Failed = Extract<StatementOutcome, { kind: "failed" }>;

export interface Database {
  readonly target: string;
  /** One transaction. The session is set up first; numbers of statements in the outcome are without that. */
  attempt(sqls: readonly string[], run: Run): Promise<StatementOutcome>;
  /** As `attempt`; throws when it failed. */
  transaction(sqls: readonly string[], run: Run): Promise<Finished>;
  /** A statement that may not be in a transaction block. */
  alone(sql: string, run: Run): Promise<StatementOutcome>;
  query(sql: string, run: Run): Promise<readonly Row[]>;
  /** Does `work` again while it throws a conflict with somebody else's transaction. */
  retried<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

const TIMEOUT_SECONDS = 300;
const CONFLICT_ATTEMPTS = 8;
/** The session's own time zone decides how times without a zone are read. */
const PREAMBLE = 2;
/** Statement names are for people and for filtering: short, one line. */
const MAX_NAME = 200;

export function createDatabase(api: DataApi, clock: Clock): Database {
  const named = (run: Run) => ({
    ...run,
    name: `log-router ${run.name}`.replace(/\s+/g, " ").slice(0, MAX_NAME),
  });

  async function attempt(sqls: readonly string[], run: Run): Promise<StatementOutcome> {
    run.signal?.throwIfAborted();
    const { name } = named(run);
    const timeout = `SET statement_timeout TO ${(run.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000}`;
    const outcome = await api.transaction([timeout, "SET timezone TO 'UTC'", ...sqls], {
      name,
      signal: run.signal,
    });
    if (outcome.kind === "finished") return { ...outcome, rows: (n) => outcome.rows(n + PREAMBLE) };
    const { statement } = outcome;
    return {
      ...outcome,
      statement: statement === undefined || statement < PREAMBLE ? undefined : statement - PREAMBLE,
    };
  }

  return {
    target: api.target,
    attempt,
    async transaction(sqls, run) {
      const outcome = await attempt(sqls, run);
      if (outcome.kind === "finished") return outcome;
      throw statementError(run.name, api.target, outcome.error);
    },
    async alone(sql, run) {
      const timeoutSeconds = run.timeoutSeconds ?? TIMEOUT_SECONDS;
      return api.statement(sql, { name: named(run).name, signal: run.signal, timeoutSeconds });
    },
    async query(sql, run) {
      const outcome = await api.statement(sql, { name: named(run).name, signal: run.signal });
      if (outcome.kind === "finished") return outcome.rows(0);
      throw statementError(run.name, api.target, outcome.error);
    },
    async retried(work, signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await work();
        } catch (error) {
          if (!isConflict(error) || attempt === CONFLICT_ATTEMPTS) throw error;
          await clock.sleep(Math.random() * Math.min(5000, 50 * 2 ** attempt), signal);
        }
      }
    },
  };
}

export type Literal = string | number | boolean | Date | undefined | null;

const CHUNK_ROWS = 200;
const CHUNK_BYTES = 40_000;

/** Bytes of a row as the text behind VALUES. */
export const valueBytes = (row: readonly Literal[]): number => Buffer.byteLength(valueText(row)) + 2;

const valueText = (row: readonly Literal[]): string => `(${row.map(redshiftValue).join(", ")})`;

/** Rows as the text behind VALUES, cut so that a statement stays small however many there are. Empty when there are no rows. */
export function valueChunks(rows: readonly (readonly Literal[])[]): readonly string[] {
  const texts = rows.map(valueText);
  return inSizedChunks(texts, (text) => Buffer.byteLength(text) + 2).map((chunk) => chunk.join(", "));
}

/** The items in a row, as many at a time as one query may name and as are `bytes` together; what is larger is alone. */
export function inSizedChunks<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  bytes: number = CHUNK_BYTES,
): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  let used = Infinity;
  for (const item of items) {
    const size = bytesOf(item);
    if (used + size > bytes || chunks.at(-1)!.length >= CHUNK_ROWS) {
      chunks.push([]);
      used = 0;
    }
    chunks.at(-1)!.push(item);
    used += size;
  }
  return chunks;
}

/** As many of the items in a row as one query may name. */
export function inChunks<T>(items: readonly T[], size: number = CHUNK_ROWS): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}
