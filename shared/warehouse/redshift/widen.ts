// Making a VARCHAR column wider. It may not be in a transaction block, and Redshift refuses it for some encodings: then the column is encoded
// anew and asked once more.
import { parseColumnType } from "../../schema/column-types.ts";
import type { ColumnType } from "../../schema/types.ts";
import { foldName, redshiftName, redshiftTable } from "../sql/quote-redshift.ts";
import { presentColumns } from "./catalog.ts";
import type { Database, Run } from "./database.ts";
import { failureKind, statementError } from "./errors.ts";

export interface Widening {
  readonly table: string;
  readonly column: string;
  readonly to: ColumnType;
}

/** Encoding anew writes the whole column. */
const ENCODE_SECONDS = 1800;

/** True when the column is as wide by now; false when Redshift refuses for good. Throws TABLE_LOCKED while somebody has the table. */
export async function widenColumn(
  database: Database,
  eventSchema: string,
  { table, column, to }: Widening,
  run: Run,
): Promise<boolean> {
  const bytes = parseColumnType(to).bytes;
  const isWide = async (): Promise<boolean> => {
    const columns = await presentColumns(database, eventSchema, table, run);
    return (columns.find(({ name }) => name === foldName(column))?.bytes ?? 0) >= bytes;
  };
  const alter = `ALTER TABLE ${redshiftTable(eventSchema, table)} ALTER COLUMN ${redshiftName(column)}`;
  /** Undefined when it went through, whatever the answer was. */
  const send = async (sql: string, timeoutSeconds?: number): Promise<string | undefined> => {
    const outcome = await database.alone(
      sql,
      timeoutSeconds === undefined ? run : { ...run, timeoutSeconds },
    );
    if (outcome.kind === "finished") return undefined;
    if (["timeout", "conflict", "denied"].includes(failureKind(outcome.error)) && !(await isWide()))
      throw statementError(run.name, database.target, outcome.error);
    return outcome.error;
  };
  if (await isWide()) return true;
  await send(`${alter} TYPE VARCHAR(${bytes})`);
  if (await isWide()) return true;
  await send(`${alter} ENCODE ZSTD`, ENCODE_SECONDS);
  await send(`${alter} TYPE VARCHAR(${bytes})`);
  return isWide();
}
