// Runs statements on PostgreSQL: every API call is a session of its own, a batch is one transaction, temporary tables and settings end
// with the call. Errors come back in Redshift's words where the router reads them.
import pg from "pg";
import { randomInt, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CopyFailed, runCopy, type LoadErrorRow } from "./copy/run-copy.ts";
import type { S3Reader } from "./copy/source-files.ts";
import type { Faults, FaultEffect } from "./faults.ts";
import type { PostgresServer } from "./postgres.ts";
import { toResultSet } from "./results.ts";
import { compile, type Compiled } from "./sql/compile.ts";
import { quoteString } from "./sql/identifiers.ts";
import { SqlError } from "./sql/sql-error.ts";
import type { Statement, Status, SubStatement } from "./statements.ts";

export interface EngineOptions {
  readonly postgres: PostgresServer;
  /** PostgreSQL database that plays the warehouse's; prepared by `prepareDatabase`. */
  readonly database: string;
  readonly s3: S3Reader;
  /** Longest time a statement waits before it is picked, and before it starts, in ms. Default 10. */
  readonly delayMs?: number;
}

export interface Engine {
  start(statement: Statement): void;
  cancel(statement: Statement): Promise<void>;
  stop(): Promise<void>;
}

/** Loads what Redshift has and PostgreSQL has not. Once per database. */
export async function prepareDatabase(postgres: PostgresServer, database: string): Promise<void> {
  const client = new pg.Client(postgres.connection(database));
  await client.connect();
  try {
    await client.query(readFileSync(join(import.meta.dirname, "sql", "compat.sql"), "utf8"));
  } finally {
    await client.end();
  }
}

const AFTER_COMMIT: readonly FaultEffect[] = ["aborted-after-commit", "failed-after-commit"];

export function createEngine(options: EngineOptions & { readonly faults: Faults }): Engine {
  const running = new Map<Statement, pg.Client>();
  const work = new Set<Promise<void>>();

  async function run(statement: Statement): Promise<void> {
    const text = `${statement.name}\n${statement.parts.map((part) => part.sql).join("\n")}`;
    const hit = (effects: readonly FaultEffect[]) =>
      options.faults.hit(operationOf(statement), text, effects);
    const slow = hit(["slow-picked"]);
    await pause(slow === undefined ? randomInt(options.delayMs ?? 10) : (slow.seconds ?? 1) * 1000);
    move(statement, "PICKED");
    const odd = hit(["unknown-status"]);
    if (odd) statement.odd = { status: "UNKNOWN", until: Date.now() + (odd.seconds ?? 1) * 1000 };
    await pause(randomInt(options.delayMs ?? 10));
    if (statement.cancelled)
      return fail(statement, undefined, "Query cancelled on user's request", "ABORTED");
    move(statement, "STARTED");
    const session = new Session(statement, options);
    await session.open();
    running.set(statement, session.client);
    try {
      await session.run();
    } finally {
      running.delete(statement);
      await session.close();
    }
    const lie = statement.status === "STARTED" ? hit(AFTER_COMMIT) : undefined;
    if (lie === undefined) return finish(statement, session.error);
    fail(
      statement,
      statement.parts.at(-1),
      errorText("Query aborted"),
      lie.effect === "aborted-after-commit" ? "ABORTED" : "FAILED",
    );
  }

  return {
    start(statement) {
      const task = run(statement)
        .catch((error: unknown) => fail(statement, undefined, errorText(String(error)), "FAILED"))
        .finally(() => {
          statement.end();
          work.delete(task);
        });
      work.add(task);
    },
    async cancel(statement) {
      statement.cancelled = true;
      const pid = running.get(statement) && statement.pid;
      if (pid === undefined) return;
      const admin = new pg.Client(options.postgres.connection(options.database));
      await admin.connect();
      await admin.query("SELECT pg_cancel_backend($1)", [pid]);
      await admin.end();
    },
    async stop() {
      for (const statement of running.keys()) await this.cancel(statement);
      await Promise.allSettled(work);
    },
  };
}

function operationOf(statement: Statement): string {
  return statement.batch ? "BatchExecuteStatement" : "ExecuteStatement";
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function move(statement: Statement, status: Status): void {
  statement.status = status;
  statement.updatedAt = Date.now();
}

function finish(statement: Statement, error: string | undefined): void {
  if (error === undefined) move(statement, "FINISHED");
  else {
    statement.error = error;
    move(statement, statement.cancelled ? "ABORTED" : "FAILED");
  }
}

function fail(statement: Statement, part: SubStatement | undefined, error: string, status: Status): void {
  if (part) {
    part.status = "FAILED";
    part.error = error;
  }
  statement.error = error;
  move(statement, status);
}

function errorText(message: string): string {
  return `ERROR: ${message} [ErrorId: 1-${randomUUID().replaceAll("-", "").slice(0, 24)}]`;
}

/** One API call on one connection. */
class Session {
  readonly client: pg.Client;
  readonly #statement: Statement;
  readonly #options: EngineOptions;
  #caseSensitive = false;
  #queryId = 0;
  error: string | undefined;

  constructor(statement: Statement, options: EngineOptions) {
    this.#statement = statement;
    this.#options = options;
    this.client = new pg.Client({
      ...options.postgres.connection(options.database),
      types: { getTypeParser: () => (value: string | Buffer) => value.toString() },
    });
  }

  async open(): Promise<void> {
    await this.client.connect();
    this.#statement.pid = Number(
      (await this.client.query<{ pid: string }>("SELECT pg_backend_pid() AS pid")).rows[0]!.pid,
    );
    await this.client.query("SET search_path TO public, rs; SET timezone TO 'UTC'");
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  async run(): Promise<void> {
    const { parts, autoCommit } = this.#statement;
    if (!autoCommit) await this.client.query("BEGIN");
    for (const [at, part] of parts.entries()) {
      if (!(await this.#runPart(part)) && !autoCommit) {
        await this.client.query("ROLLBACK");
        for (const left of parts.slice(at + 1)) left.status = "ABORTED";
        return;
      }
    }
    if (autoCommit) return;
    try {
      await this.client.query("COMMIT");
    } catch (error) {
      this.error = errorText(redshiftMessage(error));
    }
  }

  /** True when it went well. */
  async #runPart(part: SubStatement): Promise<boolean> {
    part.startedAt = Date.now();
    part.status = "STARTED";
    try {
      const compiled = compile(part.sql, { caseSensitive: this.#caseSensitive });
      await this.#runCompiled(compiled, part);
      part.status = "FINISHED";
      return true;
    } catch (error) {
      if (error instanceof CopyFailed) await this.#keepErrors(error.errors);
      part.status = "FAILED";
      part.error = errorText(redshiftMessage(error));
      this.error ??= part.error;
      return false;
    } finally {
      part.endedAt = Date.now();
    }
  }

  async #runCompiled(compiled: Compiled, part: SubStatement): Promise<void> {
    const inBlock = !this.#statement.autoCommit;
    switch (compiled.kind) {
      case "sql": {
        if (compiled.alone && inBlock)
          throw new SqlError(
            `${part.sql.trim().split(/\s+/, 3).join(" ").toUpperCase()} cannot run inside a transaction block`,
          );
        if (compiled.inside && !inBlock)
          throw new SqlError("LOCK TABLE can only be used in transaction blocks");
        let result: pg.QueryResult | undefined;
        for (const sql of compiled.sql) {
          const answer = await this.client.query({ text: sql, rowMode: "array" });
          result ??= answer;
        }
        if (compiled.rows && result) part.result = toResultSet(result, compiled.rows.ordered);
        part.resultRows = compiled.rows ? (part.result?.records.length ?? -1) : (result?.rowCount ?? -1);
        return;
      }
      case "truncate":
        if (inBlock) await this.client.query("COMMIT");
        await this.client.query(compiled.sql);
        if (inBlock) await this.client.query("BEGIN");
        return;
      case "set":
        return this.#set(compiled.name, compiled.value);
      case "copy": {
        this.#queryId = Number(
          (await this.client.query<{ id: string }>("SELECT nextval('rs.query_ids') AS id")).rows[0]!.id,
        );
        const result = await runCopy(this.client, compiled.copy, this.#options.s3);
        await this.client.query(
          "SELECT set_config('rs.last_copy_count', $1, false), set_config('rs.last_copy_id', $2, false)",
          [String(result.rows), String(this.#queryId)],
        );
        part.resultRows = -1; // the API does not know
        if (result.errors.length > 0) await this.#keepErrors(result.errors);
      }
    }
  }

  async #set(name: string, value: string): Promise<void> {
    if (name === "enable_case_sensitive_identifier") this.#caseSensitive = /^(true|on|1)$/i.test(value);
    else if (name === "statement_timeout")
      await this.client.query(`SET statement_timeout TO ${Number(value)}`);
    else if (name === "search_path")
      await this.client.query(
        `SET search_path TO ${value
          .split(",")
          .map((one) => `"${one.trim()}"`)
          .join(", ")}`,
      );
    else if (name === "timezone" && !/^utc$/i.test(value))
      await this.client.query(`SET timezone TO ${quoteString(value)}`);
  }

  /** Load errors outlive the transaction that they failed. */
  async #keepErrors(errors: readonly LoadErrorRow[]): Promise<void> {
    const keeper = new pg.Client(this.#options.postgres.connection(this.#options.database));
    await keeper.connect();
    try {
      for (const error of errors)
        await keeper.query(
          `INSERT INTO rs.sys_load_error_detail (query_id, session_id, database_name, start_time, file_name, line_number, column_name, column_type, error_code, error_message)
           VALUES ($1, $2, current_database(), now() AT TIME ZONE 'UTC', $3, $4, $5, $6, $7, $8)`,
          [
            this.#queryId,
            this.#statement.pid,
            error.file,
            error.line,
            error.column,
            error.type,
            error.code,
            error.message,
          ],
        );
    } finally {
      await keeper.end();
    }
  }
}

/** PostgreSQL's messages in Redshift's words, where somebody reads them. */
function redshiftMessage(error: unknown): string {
  const { message, code, constraint } = error as { message: string; code?: string; constraint?: string };
  const bytes = /^rs_bytes_(\d+)_/.exec(constraint ?? "")?.[1];
  if (bytes !== undefined) return `value too long for type character varying(${bytes})`;
  if (code === "40001") return `1023 - Serializable isolation violation on table (${message})`;
  if (code === "57014")
    return /timeout/.test(message)
      ? "Query cancelled on user's request: statement timeout"
      : "Query (1) cancelled on user's request";
  if (code === "21000" && /MERGE/.test(message)) return "Found multiple matches to update the same tuple.";
  return message;
}
