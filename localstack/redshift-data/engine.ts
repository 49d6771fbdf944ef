// Runs statements on PostgreSQL: every API call is a session of its own, a batch is one transaction, temporary tables and settings end
// with the call. Errors come back in Redshift's words where the router reads them.
import pg from "pg";
import { randomInt, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CopyCommand } from "./copy/copy-command.ts";
import { keepLoad } from "./copy/keep-load.ts";
import { CopyFailed, runCopy } from "./copy/run-copy.ts";
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
  const delayMs = options.delayMs ?? 10;
  const stopping = new AbortController();
  const pause = (statement: Statement, ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: AbortSignal.any([stopping.signal, statement.cancel.signal]) }).catch(
      () => undefined,
    );

  async function run(statement: Statement): Promise<void> {
    const text = `${statement.name}\n${statement.parts.map((part) => part.sql).join("\n")}`;
    const hit = (effects: readonly FaultEffect[]) =>
      options.faults.hit(operationOf(statement), text, effects);
    const slow = hit(["slow-picked"]);
    await pause(statement, slow === undefined ? randomInt(delayMs + 1) : (slow.seconds ?? 1) * 1000);
    move(statement, "PICKED");
    const odd = hit(["unknown-status"]);
    // A status outside the documented list happens by itself too: to one statement in sixteen, for a moment.
    if (odd ?? statement.id.startsWith("f"))
      statement.odd = { status: "UNKNOWN", until: Date.now() + (odd ? (odd.seconds ?? 1) * 1000 : delayMs) };
    await pause(statement, randomInt(delayMs + 1));
    if (statement.cancel.signal.aborted || stopping.signal.aborted) {
      for (const part of statement.parts) part.status = "ABORTED";
      return fail(statement, undefined, errorText("Query cancelled on user's request"), "ABORTED");
    }
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
    const lie = session.error === undefined ? hit(AFTER_COMMIT) : undefined;
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
      statement.cancel.abort();
      const pid = running.get(statement) && statement.pid;
      if (pid === undefined) return;
      const admin = new pg.Client(options.postgres.connection(options.database));
      await admin.connect();
      await admin.query("SELECT pg_cancel_backend($1)", [pid]);
      await admin.end();
    },
    async stop() {
      stopping.abort();
      for (const statement of running.keys()) await this.cancel(statement);
      await Promise.allSettled(work);
    },
  };
}

function operationOf(statement: Statement): string {
  return statement.batch ? "BatchExecuteStatement" : "ExecuteStatement";
}

function move(statement: Statement, status: Status): void {
  statement.status = status;
  statement.updatedAt = Date.now();
}

function finish(statement: Statement, error: string | undefined): void {
  if (error === undefined) move(statement, "FINISHED");
  else {
    statement.error = error;
    move(statement, statement.cancel.signal.aborted ? "ABORTED" : "FAILED");
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
      if (this.#statement.cancel.signal.aborted) throw new SqlError("Query cancelled on user's request");
      const { parameters } = this.#statement;
      const compiled = compile(part.sql, { caseSensitive: this.#caseSensitive, parameters });
      await this.#runCompiled(compiled, part);
      part.status = "FINISHED";
      return true;
    } catch (error) {
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
      case "sql":
        if (compiled.alone && inBlock)
          throw new SqlError(
            `${part.sql.trim().split(/\s+/, 3).join(" ").toUpperCase()} cannot run inside a transaction block`,
          );
        if (compiled.inside && !inBlock)
          throw new SqlError("LOCK TABLE can only be used in transaction blocks");
        return this.#whole(compiled.sql.length + (compiled.before?.length ?? 0), () =>
          this.#runSql(compiled, part),
        );
      case "truncate":
        if (inBlock) await this.client.query("COMMIT");
        await this.client.query(compiled.sql);
        if (inBlock) await this.client.query("BEGIN");
        return;
      case "set":
        return this.#set(compiled.name, compiled.value);
      case "copy":
        await this.#whole(2, () => this.#runCopy(compiled.copy));
        part.resultRows = -1; // the API does not know
    }
  }

  /** Several statements on PostgreSQL that are one on Redshift: all or none, also where each statement commits by itself. */
  async #whole(statements: number, work: () => Promise<void>): Promise<void> {
    if (!this.#statement.autoCommit || statements < 2) return work();
    await this.client.query("BEGIN");
    try {
      await work();
      await this.client.query("COMMIT");
    } catch (error) {
      await this.client.query("ROLLBACK");
      throw error;
    }
  }

  async #runSql(compiled: Compiled & { kind: "sql" }, part: SubStatement): Promise<void> {
    for (const sql of compiled.before ?? []) await this.client.query(sql);
    let result: pg.QueryResult | undefined;
    for (const sql of compiled.sql) {
      const answer = await this.client.query({ text: sql, rowMode: "array" });
      result ??= answer;
    }
    if (compiled.rows && result) part.result = toResultSet(result, compiled.rows.ordered);
    part.resultRows = compiled.rows ? (part.result?.records.length ?? -1) : (result?.rowCount ?? -1);
  }

  async #runCopy(copy: CopyCommand): Promise<void> {
    const { rows } = await this.client.query<{ id: string }>("SELECT nextval('rs.query_ids') AS id");
    const load = {
      queryId: Number(rows[0]!.id),
      pid: this.#statement.pid ?? 0,
      table: copy.table.name,
      from: copy.from,
    };
    try {
      const result = await runCopy(this.client, copy, this.#options.s3);
      await keepLoad(this.#options, { ...load, rows: result.rows, errors: result.errors });
      await this.client.query(
        "SELECT set_config('rs.last_copy_count', $1, false), set_config('rs.last_copy_id', $2, false)",
        [String(result.rows), String(load.queryId)],
      );
    } catch (error) {
      if (error instanceof CopyFailed) await keepLoad(this.#options, { ...load, errors: error.errors });
      throw error;
    }
  }

  async #set(name: string, value: string): Promise<void> {
    if (name === "enable_case_sensitive_identifier") this.#caseSensitive = /^(true|on|1)$/i.test(value);
    else if (name === "json_parse_dedup_attributes")
      await this.client.query(`SET rs.dedup TO ${/^(true|on|1)$/i.test(value) ? "on" : "off"}`);
    else if (name === "statement_timeout")
      await this.client.query(`SET statement_timeout TO ${milliseconds(value)}`);
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
}

function milliseconds(value: string): number {
  if (!/^\d+$/.test(value)) throw new SqlError(`invalid value for parameter "statement_timeout": "${value}"`);
  return Number(value);
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
