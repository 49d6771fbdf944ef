// Why COPY refused: SYS_LOAD_ERROR_DETAIL, which also Serverless has. It says file, line, column and reason; the line itself is read from the
// file, for its source and number.
import type { Logger } from "pino";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { RefusedLine, UnitPart } from "../../ports/warehouse.ts";
import { readPartLines } from "../../receipts/read-part.ts";
import { lineIdentity } from "./checked-lines.ts";
import { failureReason } from "./errors.ts";
import { redshiftValue } from "../sql/quote-redshift.ts";
import type { Database, Failed, Run } from "./database.ts";
import { Refused } from "./refused.ts";
import { count, optionalText } from "./rows.ts";

interface CopiedFile {
  readonly key: string;
  readonly bucket: string;
  readonly compression: UnitPart["compression"];
}

export interface LoadErrorInput {
  readonly database: Database;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly table: string;
  readonly outcome: Failed;
  /** What the failed COPY was given. */
  readonly files: readonly CopiedFile[];
  readonly run: Run;
}

interface ErrorRow {
  readonly file: string;
  readonly line: number;
  readonly column: string;
  readonly code: number;
  readonly message: string;
}

/** Clocks differ, statements wait: session ids are used again only much later. */
const LOOK_BACK_MS = 3_600_000;
const MAX_ROWS = 20;

export async function loadError(input: LoadErrorInput): Promise<Refused> {
  const { table, outcome, log } = input;
  let found: readonly ErrorRow[] = [];
  try {
    found = await errorRows(input);
  } catch (error) {
    log.warn({ table, err: error }, "the details of a refused load could not be read");
  }
  const [first] = found;
  if (!first) return new Refused(table, failureReason(outcome.error));
  const where = `${first.file} line ${first.line}${first.column === "" ? "" : `, column ${first.column}`}`;
  const lines = await identities(input, found).catch(() => []);
  return new Refused(table, `${first.message} (error ${first.code}, ${where})`, lines);
}

async function errorRows({ database, clock, outcome, files, run }: LoadErrorInput): Promise<ErrorRow[]> {
  const session = outcome.pid === undefined || outcome.pid === 0 ? "" : ` AND session_id = ${outcome.pid}`;
  const since = redshiftValue(new Date(clock.now().getTime() - LOOK_BACK_MS)).replace("+00'", "'");
  // CHAR columns are padded with blanks.
  const rows = await database.query(
    `SELECT TRIM(file_name), line_number, TRIM(column_name), error_code, TRIM(error_message) FROM sys_load_error_detail
  WHERE start_time > ${since}${session} ORDER BY start_time DESC, line_number LIMIT ${MAX_ROWS}`,
    run,
  );
  const urls = new Set(files.map(({ bucket, key }) => `s3://${bucket}/${key}`));
  return rows
    .map((row) => ({
      file: optionalText(row, 0) ?? "",
      line: count(row, 1),
      column: optionalText(row, 2) ?? "",
      code: count(row, 3),
      message: optionalText(row, 4) ?? "",
    }))
    .filter(({ file }) => urls.has(file));
}

/** Line numbers are of the file; sources and their line numbers stand in the lines. */
async function identities(
  { store, files, run }: LoadErrorInput,
  rows: readonly ErrorRow[],
): Promise<RefusedLine[]> {
  const lines: RefusedLine[] = [];
  for (const [url, errors] of Map.groupBy(rows, ({ file }) => file)) {
    const file = files.find(({ bucket, key }) => `s3://${bucket}/${key}` === url)!;
    const wanted = new Set(errors.map(({ line }) => line));
    let number = 0;
    for await (const bytes of readPartLines(store, file.bucket, file, run.signal)) {
      const refused = wanted.has(++number) ? lineIdentity(bytes) : undefined;
      if (refused) lines.push(refused);
      if (number >= Math.max(...wanted)) break;
    }
  }
  return lines;
}
