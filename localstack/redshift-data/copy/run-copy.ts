// COPY done for real: files from S3, rows checked and converted as COPY does, all or nothing, load errors for whoever asks.
import type pg from "pg";
import { fullName, lockForWriting, quoteName, quoteTable } from "../sql/identifiers.ts";
import { pgType, readType, shortType, type RedshiftType } from "../sql/column-types.ts";
import { Reader } from "../sql/reader.ts";
import { SqlError } from "../sql/sql-error.ts";
import { tokenize } from "../sql/tokens.ts";
import type { CopyCommand } from "./copy-command.ts";
import { convert } from "./convert.ts";
import { parseJson, type Json } from "./json.ts";
import { member, readJsonPaths, valueAt, type Step } from "./json-paths.ts";
import { LoadError } from "./load-error.ts";
import {
  getRequired,
  linesOf,
  sourceFiles,
  uncompressed,
  type S3Reader,
  type SourceFile,
} from "./source-files.ts";

export interface LoadErrorRow {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly type: string;
  readonly code: number;
  readonly message: string;
}

export interface CopyResult {
  readonly rows: number;
  readonly errors: readonly LoadErrorRow[];
}

/** Thrown when the load failed; carries the rows for sys_load_error_detail. */
export class CopyFailed extends SqlError {
  readonly errors: readonly LoadErrorRow[];

  constructor(table: string, errors: readonly LoadErrorRow[]) {
    super(`Load into table '${table}' failed. Check 'sys_load_error_detail' system table for details.`);
    this.errors = errors;
  }
}

interface Target {
  readonly name: string;
  readonly type: RedshiftType;
  readonly notNull: boolean;
  /** SQL; undefined when there is none. */
  readonly defaultSql: string | undefined;
  readonly identity: "always" | "by default" | undefined;
}

/** A line may have "4 MB", each `|` counted twice: taken as 4,000,000 bytes, the less generous reading. */
const MAX_LINE = 4_000_000;
const CHUNK_ROWS = 2000;

/** Runs inside a transaction of the caller's, so that a failure leaves no row. */
export async function runCopy(client: pg.ClientBase, copy: CopyCommand, s3: S3Reader): Promise<CopyResult> {
  await lockTarget(client, copy);
  const targets = await targetColumns(client, copy);
  const pick = await picker(copy, targets, s3);
  const errors: LoadErrorRow[] = [];
  const chunk: (string | null)[][] = [];
  let rows = 0;
  const flush = async (): Promise<void> => {
    if (!copy.noLoad) await insert(client, copy, targets, chunk);
    rows += chunk.length;
    chunk.length = 0;
  };
  for (const file of await sourceFiles(copy, s3)) {
    for (const line of linesOf(uncompressed(file, copy.compression))) {
      const row = readRow(line.bytes, targets, pick, copy);
      if (Array.isArray(row)) chunk.push(row);
      else errors.push(errorRow(file, line.number, row.error, row.target));
      if (errors.length > 0 && errors.length >= Math.max(1, copy.maxError))
        throw new CopyFailed(copy.table.name, errors);
      if (chunk.length >= CHUNK_ROWS) await flush();
    }
  }
  await flush();
  return { rows, errors };
}

type Pick = (document: Json, index: number, target: Target) => Json | undefined;

function readRow(
  bytes: Buffer,
  targets: readonly Target[],
  pick: Pick,
  copy: CopyCommand,
): (string | null)[] | { error: LoadError; target?: Target } {
  let at: Target | undefined;
  try {
    const document = parseLine(bytes, copy);
    return targets.map((target, index) => {
      at = target;
      const value = pick(document, index, target);
      const stored = value === undefined ? null : convert(value, target.type, copy);
      if (stored === null && target.notNull && target.defaultSql === undefined)
        throw new LoadError(1213, "Missing data for not-null field");
      return stored;
    });
  } catch (error) {
    if (error instanceof LoadError) return at === undefined ? { error } : { error, target: at };
    throw error;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseLine(bytes: Buffer, copy: CopyCommand): Json {
  const bars = bytes.reduce((sum, byte) => sum + (byte === 0x7c ? 1 : 0), 0);
  if (bytes.length + bars > MAX_LINE) throw new LoadError(1216, "Input row exceeds 4 MB");
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new LoadError(1220, "String contains invalid or unsupported UTF8 codepoints.");
  }
  let document: Json;
  try {
    document = parseJson(text);
  } catch (error) {
    throw new LoadError(1216, `Invalid JSON: ${(error as Error).message}`);
  }
  if (document.kind === "object" || (document.kind === "array" && copy.json.startsWith("s3://")))
    return document;
  throw new LoadError(1216, "Invalid JSON: an object is expected");
}

async function picker(copy: CopyCommand, targets: readonly Target[], s3: S3Reader): Promise<Pick> {
  if (copy.json === "noshred") {
    if (targets.length !== 1 || targets[0]!.type.kind !== "super")
      throw new SqlError("noshred needs a table of one SUPER column");
    return (document) => document;
  }
  const byName: Pick = (document, _, target) => member(document, target.name);
  if (copy.json === "auto") return byName;
  if (copy.json === "auto ignorecase")
    return (document, _, target) =>
      document.kind === "object"
        ? document.members.find(([key]) => key.toLowerCase() === target.name)?.[1]
        : undefined;
  const paths = readJsonPaths(Buffer.from(await getRequired(s3, copy.json, "JSONPath")).toString());
  if (paths === undefined) return byName; // a misnamed member: silently 'auto'
  if (paths.length !== targets.length)
    throw new SqlError(
      `Number of jsonpaths and the number of columns should match. JSONPath size: ${paths.length}, Number of columns in table or column list: ${targets.length}`,
    );
  return (document, index) => valueAt(document, paths[index] as readonly Step[]);
}

/** Writers of one table wait for one another. */
async function lockTarget(client: pg.ClientBase, copy: CopyCommand): Promise<void> {
  try {
    await client.query(lockForWriting(quoteTable(copy.table)));
  } catch (error) {
    if (["42P01", "3F000"].includes((error as { code?: string }).code ?? ""))
      throw new SqlError(`Cannot COPY into nonexistent table ${copy.table.name}`);
    throw error;
  }
}

async function targetColumns(client: pg.ClientBase, copy: CopyCommand): Promise<Target[]> {
  const found = await client.query<{
    name: string;
    type: string | null;
    notnull: string;
    defaultsql: string | null;
    identity: string;
  }>(
    `SELECT attname AS name, rs.note(attrelid, attnum)->>'type' AS type, attnotnull AS notnull, attidentity AS identity,
       pg_get_expr(adbin, adrelid) AS defaultsql
     FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [quoteTable(copy.table)],
  );
  const all = found.rows.map((row): Target => {
    if (row.type === null) throw new SqlError(`"${copy.table.name}" is no table that COPY can load`);
    return {
      name: fullName(row.name),
      type: readType(new Reader(tokenize(row.type))),
      notNull: row.notnull === "t",
      defaultSql: row.defaultsql ?? undefined,
      identity: row.identity === "" ? undefined : row.identity === "a" ? "always" : "by default",
    };
  });
  if (copy.columns === undefined) return all.filter((target) => !target.identity || copy.explicitIds);
  return copy.columns.map((name) => {
    const target = all.find((one) => one.name === name);
    if (target === undefined)
      throw new SqlError(`column "${name}" of relation "${copy.table.name}" does not exist`);
    if (target.identity === "always" && !copy.explicitIds)
      throw new SqlError(`cannot set an identity column "${name}" to a value: EXPLICIT_IDS is missing`);
    return target;
  });
}

async function insert(
  client: pg.ClientBase,
  copy: CopyCommand,
  targets: readonly Target[],
  rows: readonly (readonly (string | null)[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = targets.map((target) => quoteName(target.name)).join(", ");
  // A null for a NOT NULL column with a default takes the default.
  const values = targets.map((target, index) => {
    const cast = `c${index}::${pgType(target.type)}`;
    return target.notNull && target.defaultSql !== undefined
      ? `coalesce(${cast}, ${target.defaultSql})`
      : cast;
  });
  const names = targets.map((_, index) => `c${index}`).join(", ");
  const arrays = targets.map((_, index) => rows.map((row) => row[index]!));
  const parameters = arrays.map((_, index) => `$${index + 1}::text[]`).join(", ");
  await client.query(
    `INSERT INTO ${quoteTable(copy.table)} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${values.join(", ")} FROM unnest(${parameters}) AS t(${names})`,
    arrays,
  );
}

function errorRow(
  file: SourceFile,
  line: number,
  error: LoadError,
  target: Target | undefined,
): LoadErrorRow {
  return {
    file: file.url.slice(0, 256),
    line,
    column: target?.name ?? "",
    type: target === undefined ? "" : shortType(target.type),
    code: error.code,
    message: error.message.slice(0, 512),
  };
}
