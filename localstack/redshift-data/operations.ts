// The operations that the router's code sends, checked as the service checks them. Each takes the parsed request body and gives the
// answer's body, or throws an ApiError.
import { ApiError, invalid } from "./api-error.ts";
import type { Engine } from "./engine.ts";
import type { Faults } from "./faults.ts";
import { describe, isEnded, type Statement, type Statements, type SubStatement } from "./statements.ts";

export interface OperationContext {
  readonly statements: Statements;
  readonly engine: Engine;
  readonly faults: Faults;
  /** Called with every accepted request, for the SQL journal. */
  readonly journal: (name: string, sqls: readonly string[]) => void;
}

type Body = Readonly<Record<string, unknown>>;
type Operation = (context: OperationContext, body: Body) => Promise<unknown>;

const MAX_SQLS = 40;
const MAX_SQL_BYTES = 100 * 1024;
/** Rows a page of GetStatementResult; the real page is by size, a small one makes sure that paging is used. */
const PAGE_ROWS = 500;

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ExecuteStatement: async (context, body) => {
    const sql = text(body, "Sql", { required: true, max: MAX_SQL_BYTES })!;
    return submit(context, body, [sql], false);
  },
  BatchExecuteStatement: async (context, body) => {
    const sqls = body["Sqls"];
    if (
      !Array.isArray(sqls) ||
      sqls.length < 1 ||
      sqls.length > MAX_SQLS ||
      !sqls.every((sql) => typeof sql === "string")
    )
      throw invalid(`Sqls must be a list of 1 to ${MAX_SQLS} statements`);
    if (sqls.reduce((sum, sql) => sum + Buffer.byteLength(sql), 0) > MAX_SQL_BYTES)
      throw invalid("The maximum query string size of 100 KB was exceeded.");
    return submit(context, body, sqls, true);
  },
  DescribeStatement: async (context, body) => {
    const statement = context.statements.get(statementId(body));
    const wait = seconds(body);
    if (wait > 0 && !isEnded(statement.status))
      await Promise.race([
        statement.ended,
        new Promise((resolve) => setTimeout(resolve, wait * 1000).unref()),
      ]);
    return describe(statement);
  },
  GetStatementResult: async (context, body) => {
    const id = text(body, "Id", { required: true })!;
    const statement = context.statements.get(id.replace(/:\d+$/, ""));
    return page(resultPart(statement, id), body);
  },
  CancelStatement: async (context, body) => {
    const statement = context.statements.get(statementId(body));
    if (isEnded(statement.status))
      throw invalid("Could not cancel a query that is already in FINISHED, FAILED or ABORTED state.");
    await context.engine.cancel(statement);
    return { Status: true };
  },
  ListStatements: async (context, body) => {
    const prefix = text(body, "StatementName") ?? "";
    const found = context.statements.all().filter((statement) => statement.name.startsWith(prefix));
    return {
      Statements: found.slice(-100).map((statement) => ({
        Id: statement.id,
        StatementName: statement.name,
        Status: statement.status,
        IsBatchStatement: statement.batch,
        CreatedAt: statement.createdAt / 1000,
        UpdatedAt: statement.updatedAt / 1000,
        QueryStrings: statement.parts.map((part) => part.sql),
      })),
    };
  },
};

function submit(context: OperationContext, body: Body, sqls: readonly string[], batch: boolean): unknown {
  if ((body["WorkgroupName"] === undefined) === (body["ClusterIdentifier"] === undefined))
    throw invalid("Exactly one of ClusterIdentifier and WorkgroupName must be given");
  if (body["Parameters"] !== undefined)
    throw invalid("The stand-in takes no Parameters: statements come with their literals");
  const token = text(body, "ClientToken", { max: 64 });
  const mode = text(body, "ExecutionMode") ?? "TRANSACTION";
  if (mode !== "TRANSACTION" && (!batch || mode !== "AUTO_COMMIT"))
    throw invalid(`ExecutionMode ${mode} is not valid`);
  for (const sql of sqls) if (sql.trim() === "") throw invalid("A statement is empty");
  const known = context.statements.byToken(token);
  const name = text(body, "StatementName", { max: 2048 }) ?? "";
  const target = {
    ...(body["WorkgroupName"] === undefined ? {} : { WorkgroupName: String(body["WorkgroupName"]) }),
    ...(body["ClusterIdentifier"] === undefined
      ? {}
      : { ClusterIdentifier: String(body["ClusterIdentifier"]) }),
  };
  if (known === undefined) context.journal(name, sqls);
  const database = text(body, "Database", { required: true })!;
  const statement =
    known ??
    context.statements.add(
      { sqls, batch, autoCommit: !batch || mode === "AUTO_COMMIT", name, database, target },
      token,
    );
  if (known === undefined) context.engine.start(statement);
  return {
    Id: statement.id,
    CreatedAt: statement.createdAt / 1000,
    Database: database,
    Status: statement.status,
    ...target,
  };
}

function resultPart(statement: Statement, id: string): SubStatement {
  const number = /:(\d+)$/.exec(id)?.[1];
  if (statement.batch && number === undefined)
    throw invalid("A batch has results by sub-statement: name one, as in <id>:1");
  const part = statement.parts[number === undefined ? 0 : Number(number) - 1];
  if (part === undefined) throw new ApiError("ResourceNotFoundException", "Query does not exist.");
  if (part.result === undefined)
    throw new ApiError(
      "ResourceNotFoundException",
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

function statementId(body: Body): string {
  const id = text(body, "Id", { required: true })!;
  if (!/^[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}(:\d+)?$/.test(id))
    throw invalid(`'${id}' is not a statement id`);
  return id.replace(/:\d+$/, "");
}

function seconds(body: Body): number {
  const value = body["WaitTimeSeconds"];
  if (value === undefined) return 0;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 30)
    throw invalid("WaitTimeSeconds must be a whole number from 1 to 30");
  return value;
}

function text(body: Body, name: string, rule: { required?: boolean; max?: number } = {}): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) {
    if (rule.required) throw invalid(`${name} is required`);
    return undefined;
  }
  if (typeof value !== "string" || value === "") throw invalid(`${name} must be a non-empty string`);
  if (rule.max !== undefined && Buffer.byteLength(value) > rule.max)
    throw invalid(`${name} is longer than ${rule.max}`);
  return value;
}
