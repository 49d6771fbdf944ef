// The operations that the router's code sends, checked as the service checks them. Each takes the parsed request body and gives the
// answer's body, or throws an ApiError.
import { ApiError, invalid, notFound } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import type { Faults } from "./faults.ts";
import { readParameters, required, statementId, text, whole, type Body } from "./request.ts";
import {
  describe,
  describeNumber,
  isEnded,
  listEntry,
  type Statement,
  type Statements,
  type SubStatement,
} from "./statements.ts";

export interface OperationContext {
  readonly statements: Statements;
  readonly engine: Engine;
  readonly faults: Faults;
  /** Called with every accepted request, for the SQL journal. */
  readonly journal: (name: string, sqls: readonly string[]) => void;
}

type Operation = (context: OperationContext, body: Body) => Promise<unknown>;

const MAX_SQLS = 40;
const MAX_SQL_BYTES = 100 * 1024;
/** Rows a page of GetStatementResult; the real page is by size, a small one makes sure that paging is used. */
const PAGE_ROWS = 500;

/** Requests that may wait for one statement at the same time; the real number is not documented. */
const MAX_WAITERS = 10;
const MAX_LIST = 100;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ExecuteStatement: (context, body) =>
    submit(context, body, [required(body, "Sql", { max: MAX_SQL_BYTES })], false),
  BatchExecuteStatement: async (context, body) => {
    const sqls: unknown = body["Sqls"];
    if (!Array.isArray(sqls) || sqls.length < 1 || sqls.length > MAX_SQLS)
      throw invalid(`Sqls must be a list of 1 to ${MAX_SQLS} statements`);
    const texts = sqls.map((Sqls: unknown) => required({ Sqls }, "Sqls"));
    if (texts.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0) > MAX_SQL_BYTES)
      throw invalid("The maximum query string size of 100 KB was exceeded.");
    return submit(context, body, texts, true);
  },
  DescribeStatement: async (context, body) => {
    const { id, number } = statementId(body);
    const statement = context.statements.get(id);
    await longPoll(statement, body);
    if (number === undefined) return describe(statement);
    return describeNumber(statement, number) ?? notFound(`${id}:${number}`, "Query does not exist.");
  },
  GetStatementResult: async (context, body) => {
    const { id, number } = statementId(body);
    const statement = context.statements.get(id);
    await longPoll(statement, body);
    return page(resultPart(statement, number), body);
  },
  CancelStatement: async (context, body) => {
    const { id, number } = statementId(body);
    if (number !== undefined) throw invalid("A statement of a batch cannot be cancelled: cancel the batch");
    const statement = context.statements.get(id);
    if (isEnded(statement.status))
      throw invalid("Could not cancel a query that is already in FINISHED, FAILED or ABORTED state.");
    await context.engine.cancel(statement);
    return { Status: true };
  },
  ListStatements: async (context, body) => {
    const prefix = text(body, "StatementName", { min: 0 }) ?? "";
    const status = text(body, "Status") ?? "FINISHED";
    const found = context.statements
      .all()
      .filter((one) => one.name.startsWith(prefix) && (status === "ALL" || one.status === status));
    const from = Number(text(body, "NextToken") ?? 0);
    const next = from + (whole(body, "MaxResults", 0, MAX_LIST) ?? MAX_LIST);
    return {
      Statements: found.toReversed().slice(from, next).map(listEntry),
      ...(next < found.length ? { NextToken: String(next) } : {}),
    };
  },
};

async function submit(
  context: OperationContext,
  body: Body,
  sqls: readonly string[],
  batch: boolean,
): Promise<unknown> {
  const target = readTarget(body);
  const mode = text(body, "ExecutionMode") ?? "TRANSACTION";
  if (mode !== "TRANSACTION" && (!batch || mode !== "AUTO_COMMIT"))
    throw invalid(`ExecutionMode ${mode} is not valid`);
  for (const sql of sqls) if (sql.trim() === "") throw invalid("A statement is empty");
  const parameters = readParameters(body, sqls);
  const token = text(body, "ClientToken", { max: 64 });
  const name = text(body, "StatementName", { min: 0, max: 2048 }) ?? "";
  const database = required(body, "Database");
  const known = context.statements.byToken(token);
  if (known === undefined) context.journal(name, sqls);
  const autoCommit = !batch || mode === "AUTO_COMMIT";
  const statement =
    known ?? context.statements.add({ sqls, batch, autoCommit, name, database, target, parameters }, token);
  if (known === undefined) context.engine.start(statement);
  await longPoll(statement, body);
  return {
    Id: statement.id,
    CreatedAt: statement.createdAt / 1000,
    Database: database,
    Status: statement.status,
    HasResultSet: statement.parts.some((part) => part.result !== undefined),
    ...(statement.pid === undefined ? {} : { RedshiftPid: statement.pid }),
    ...target,
  };
}

function readTarget(body: Body): Statement["target"] {
  for (const member of ["SessionId", "SessionKeepAliveSeconds"])
    if (body[member] !== undefined) throw invalid(`The stand-in has no sessions: ${member} is not for it`);
  if ((text(body, "ResultFormat") ?? "JSON") !== "JSON")
    throw invalid("The stand-in gives JSON results only");
  const WorkgroupName = text(body, "WorkgroupName", { min: 3, max: 128 });
  const ClusterIdentifier = text(body, "ClusterIdentifier", { max: 63 });
  if ((WorkgroupName === undefined) === (ClusterIdentifier === undefined))
    throw invalid("Exactly one of ClusterIdentifier and WorkgroupName must be given");
  return {
    ...(WorkgroupName === undefined ? {} : { WorkgroupName }),
    ...(ClusterIdentifier === undefined ? {} : { ClusterIdentifier }),
  };
}

/** Waits for the statement's end as long as the request says, at most 30 s; the answer then says how far it is. */
async function longPoll(statement: Statement, body: Body): Promise<void> {
  const seconds = whole(body, "WaitTimeSeconds", 1, 30);
  if (seconds === undefined || isEnded(statement.status)) return;
  if (statement.waiters >= MAX_WAITERS)
    throw new ApiError("ActiveWaitingRequestsExceededException", "Too many requests wait for this statement");
  statement.waiters += 1;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => void (timer = setTimeout(resolve, seconds * 1000)));
  await Promise.race([statement.ended, deadline]);
  clearTimeout(timer);
  statement.waiters -= 1;
}

function resultPart(statement: Statement, number: number | undefined): SubStatement {
  if (statement.batch && number === undefined)
    throw invalid("A batch has results by sub-statement: name one, as in <id>:1");
  const part = statement.parts[(number ?? 1) - 1];
  if (part === undefined) return notFound(statement.id, "Query does not exist.");
  if (part.result === undefined || !isEnded(statement.status))
    return notFound(
      statement.id,
      "Query does not have result. Please check query status with DescribeStatement.",
    );
  return part;
}

function page(part: SubStatement, body: Body): unknown {
  const from = Number(text(body, "NextToken") ?? 0);
  const { columns, records } = part.result!;
  const next = from + PAGE_ROWS;
  return {
    ColumnMetadata: columns.map((column) => ({
      name: column.name,
      label: column.name,
      typeName: column.typeName,
    })),
    Records: records.slice(from, next),
    TotalNumRows: records.length,
    ...(next < records.length ? { NextToken: String(next) } : {}),
  };
}
