// One connection while the file is open: bound parameters in, plain rows out, stopped by an AbortSignal.
import type { DuckDBConnection } from "@duckdb/node-api";
import { LIST, listValue, VARCHAR } from "@duckdb/node-api";
import type { DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { keepByteOrderMarks } from "./keep-byte-order-marks.ts";

keepByteOrderMarks();

/** A bound value. Numbers are integers, lists are lists of texts; dates are bound as texts in ISO form. */
export type Parameter = string | number | bigint | boolean | null | readonly string[];
export type Parameters = Readonly<Record<string, Parameter>>;
/** BIGINT and HUGEINT come as bigint, TIMESTAMPTZ as Date. */
export type Row = Readonly<Record<string, unknown>>;

export interface Session {
  /** Runs one statement; returns the number of rows it changed. */
  run(sql: string, parameters?: Parameters): Promise<number>;
  /** Runs one query and returns its rows. */
  rows(sql: string, parameters?: Parameters): Promise<readonly Row[]>;
  /** Rows as JSON-ready values (numbers beyond 2^53, decimals and times as text). */
  jsonRows(sql: string, parameters?: Parameters): Promise<readonly Row[]>;
  /** All or nothing; rolled back when `work` throws or returns `rollback(value)`. */
  transaction<T>(work: () => Promise<T | RolledBack<T>>): Promise<T>;
}

export class RolledBack<T> {
  readonly value: T;
  constructor(value: T) {
    this.value = value;
  }
}

/** What a transaction's work returns when nothing of it is to stay. */
export function rollback<T>(value: T): RolledBack<T> {
  return new RolledBack(value);
}

function bind(parameters: Parameters | undefined): [Record<string, DuckDBValue>, Record<string, DuckDBType>] {
  if (parameters === undefined) return [{}, {}];
  const values: Record<string, DuckDBValue> = {};
  const types: Record<string, DuckDBType> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === "object" && value !== null) {
      types[name] = LIST(VARCHAR);
      values[name] = listValue(value);
    } else {
      values[name] = typeof value === "number" ? BigInt(value) : value;
    }
  }
  return [values, types];
}

/** A session over an open connection. When `signal` fires, the running statement is interrupted and fails. */
export function createSession(connection: DuckDBConnection, signal?: AbortSignal): Session {
  const interrupt = (): void => connection.interrupt();
  const guarded = async <T>(statement: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    signal?.addEventListener("abort", interrupt, { once: true });
    try {
      return await statement();
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  };
  const session: Session = {
    run: (sql, parameters) =>
      guarded(async () => (await connection.run(sql, ...bind(parameters))).rowsChanged),
    rows: (sql, parameters) =>
      guarded(async () => (await connection.runAndReadAll(sql, ...bind(parameters))).getRowObjectsJS()),
    jsonRows: (sql, parameters) =>
      guarded(async () => (await connection.runAndReadAll(sql, ...bind(parameters))).getRowObjectsJson()),
    async transaction(work) {
      await session.run("BEGIN TRANSACTION");
      try {
        const result = await work();
        if (result instanceof RolledBack) {
          await connection.run("ROLLBACK");
          return result.value;
        }
        await session.run("COMMIT");
        return result;
      } catch (error) {
        // A failed COMMIT has rolled back by itself; then this fails, and the first error is the one to tell.
        await connection.run("ROLLBACK").catch(() => undefined);
        throw error;
      }
    },
  };
  return session;
}
