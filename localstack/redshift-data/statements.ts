// The statements that the API knows: their life from SUBMITTED to FINISHED, FAILED or ABORTED, what DescribeStatement says of them,
// and which client token stands for which. Kept for 24 hours, tokens for eight (management guide, "Using the Data API").
import { randomUUID } from "node:crypto";
import { ApiError, notFound } from "./api-error.ts";
import type { Parameters } from "./sql/parameters.ts";

export type Status = "SUBMITTED" | "PICKED" | "STARTED" | "FINISHED" | "FAILED" | "ABORTED";

export interface Column {
  readonly name: string;
  readonly typeName: string;
}

/** A field of a result as the API sends it. */
export type ApiField =
  | { readonly isNull: true }
  | { readonly stringValue: string }
  | { readonly longValue: number }
  | { readonly doubleValue: number }
  | { readonly booleanValue: boolean };

export interface ResultSet {
  readonly columns: readonly Column[];
  readonly records: readonly (readonly ApiField[])[];
}

export interface SubStatement {
  readonly sql: string;
  status: Status;
  error?: string;
  /** −1 where the API does not know, as for COPY. */
  resultRows: number;
  result?: ResultSet;
  startedAt?: number;
  endedAt?: number;
}

export interface Statement {
  readonly id: string;
  readonly batch: boolean;
  readonly autoCommit: boolean;
  readonly name: string;
  readonly database: string;
  readonly target: { readonly WorkgroupName?: string; readonly ClusterIdentifier?: string };
  readonly parameters: Parameters;
  readonly parts: SubStatement[];
  readonly createdAt: number;
  updatedAt: number;
  status: Status;
  /** Reported instead of `status` until this time. */
  odd?: { readonly status: string; readonly until: number };
  error?: string;
  pid?: number;
  readonly cancel: AbortController;
  /** Long polls under way. */
  waiters: number;
  readonly ended: Promise<void>;
  readonly end: () => void;
}

const KEEP_MS = 24 * 3600 * 1000;
const TOKEN_MS = 8 * 3600 * 1000;
/** Statements SUBMITTED or STARTED at the same time. */
const MAX_ACTIVE = 500;

export class Statements {
  readonly #now: () => number;
  readonly #byId = new Map<string, Statement>();
  readonly #byToken = new Map<string, { id: string; at: number }>();

  /** `now` in milliseconds: the time that decides what is forgotten. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The statement that this token stands for: the same request sent again. */
  byToken(token: string | undefined): Statement | undefined {
    const known = token === undefined ? undefined : this.#byToken.get(token);
    if (known === undefined || this.#now() - known.at > TOKEN_MS) return undefined;
    return this.#byId.get(known.id);
  }

  add(
    given: Pick<Statement, "batch" | "autoCommit" | "name" | "database" | "target" | "parameters"> & {
      sqls: readonly string[];
    },
    token: string | undefined,
  ): Statement {
    if (this.active().length >= MAX_ACTIVE)
      throw new ApiError("ActiveStatementsExceededException", "Number of active statements exceeded");
    const { sqls, ...rest } = given;
    const { promise, resolve } = Promise.withResolvers<void>();
    const now = this.#now();
    const statement: Statement = {
      ...rest,
      id: randomUUID(),
      parts: sqls.map((sql) => ({ sql, status: "SUBMITTED", resultRows: -1 })),
      createdAt: now,
      updatedAt: now,
      status: "SUBMITTED",
      cancel: new AbortController(),
      waiters: 0,
      ended: promise,
      end: resolve,
    };
    this.#byId.set(statement.id, statement);
    if (token !== undefined) this.#byToken.set(token, { id: statement.id, at: now });
    return statement;
  }

  get(id: string): Statement {
    const statement = this.#byId.get(id);
    if (statement === undefined || this.#now() - statement.createdAt > KEEP_MS)
      return notFound(id, "Query does not exist.");
    return statement;
  }

  active(): Statement[] {
    return [...this.#byId.values()].filter((one) => !isEnded(one.status));
  }

  all(): Statement[] {
    return [...this.#byId.values()];
  }
}

export function isEnded(status: string): boolean {
  return status === "FINISHED" || status === "FAILED" || status === "ABORTED";
}

/** What DescribeStatement answers. Times are epoch seconds: the SDK reads milliseconds as the year 55840. */
export function describe(statement: Statement): Record<string, unknown> {
  const odd = statement.odd && Date.now() < statement.odd.until ? statement.odd.status : undefined;
  const common = {
    Id: statement.id,
    Status: odd ?? statement.status,
    CreatedAt: statement.createdAt / 1000,
    UpdatedAt: statement.updatedAt / 1000,
    Database: statement.database,
    ...statement.target,
    Duration: isEnded(statement.status) ? (statement.updatedAt - statement.createdAt) * 1_000_000 : 0,
    RedshiftPid: statement.pid ?? 0,
    HasResultSet: statement.parts.some((part) => part.result !== undefined),
    ...(statement.error === undefined || odd ? {} : { Error: statement.error }),
  };
  if (!statement.batch) {
    const part = statement.parts[0]!;
    return {
      ...common,
      QueryString: part.sql,
      ResultRows: part.resultRows,
      ResultSize: -1,
      RedshiftQueryId: -1,
    };
  }
  return {
    ...common,
    RedshiftQueryId: 0,
    ResultRows: -1,
    ResultSize: -1,
    // After a failure the statements behind it are sometimes listed as ABORTED and sometimes missing: every second statement each.
    SubStatements: statement.parts
      .map((part, index) => ({ part, index }))
      .filter(({ part }) => part.status !== "ABORTED" || Number.parseInt(statement.id[0]!, 16) % 2 === 0)
      .map(({ part, index }) => describePart(statement, part, index)),
  };
}

/** What ListStatements answers. */
export function listEntry(statement: Statement): Record<string, unknown> {
  const sqls = statement.parts.map((part) => part.sql);
  return {
    Id: statement.id,
    StatementName: statement.name,
    Status: statement.status,
    IsBatchStatement: statement.batch,
    CreatedAt: statement.createdAt / 1000,
    UpdatedAt: statement.updatedAt / 1000,
    ...(statement.batch ? { QueryStrings: sqls } : { QueryString: sqls[0] }),
  };
}

/** A sub-statement by its number, or undefined. */
export function describeNumber(statement: Statement, number: number): Record<string, unknown> | undefined {
  const part = statement.batch ? statement.parts[number - 1] : undefined;
  if (part === undefined) return undefined;
  return {
    ...describePart(statement, part, number - 1),
    Database: statement.database,
    ...statement.target,
    RedshiftPid: statement.pid ?? 0,
  };
}

function describePart(statement: Statement, part: SubStatement, index: number): Record<string, unknown> {
  return {
    Id: `${statement.id}:${index + 1}`,
    Status: part.status,
    CreatedAt: statement.createdAt / 1000,
    UpdatedAt: (part.endedAt ?? statement.updatedAt) / 1000,
    Duration: part.startedAt && part.endedAt ? (part.endedAt - part.startedAt) * 1_000_000 : 0,
    QueryString: part.sql,
    ResultRows: part.resultRows,
    ResultSize: -1,
    RedshiftQueryId: -1,
    HasResultSet: part.result !== undefined,
    ...(part.error === undefined ? {} : { Error: part.error }),
  };
}
