// COPY of one object into a table of its own, for the tests of what loads and what fails.
import { openStandIn, type Cell, type StandInRig } from "../../helpers/stand-in.ts";

export const ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/load'";

export interface Load {
  readonly columns: string;
  /** Column list of the COPY. */
  readonly list?: string;
  /** The file's text or bytes. */
  readonly data: string | Uint8Array;
  /** Text behind FORMAT JSON. Default `'auto'`. */
  readonly json?: string;
  readonly options?: string;
  /** Paths of a jsonpaths file, or its whole text. */
  readonly paths?: readonly unknown[] | string;
}

export interface Copies extends AsyncDisposable {
  readonly rig: StandInRig;
  /** Makes the table and the object; `sql` is the COPY. */
  prepare(load: Load): Promise<{ table: string; sql: string; url: string }>;
  /** Loads and returns the table's rows, in order of the first column. */
  loaded(load: Load, select?: string): Promise<readonly (readonly Cell[])[]>;
  /** Loads what must fail: the statement's error, the load errors as "code line column message", and the rows left behind. */
  failed(load: Load): Promise<{ error: string; details: string[]; rows: number }>;
}

/** Values as lines of JSON. */
export function lines(...values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}

export async function openCopies(): Promise<Copies> {
  const rig = await openStandIn();
  let count = 0;

  async function prepare(load: Load): Promise<{ table: string; sql: string; url: string }> {
    const table = `c${(count += 1)}`;
    const url = rig.s3.put(`s3://bucket/data/${table}.json`, load.data);
    await rig.ok(`CREATE TABLE ${table} (${load.columns})`);
    let json = load.json ?? "'auto'";
    if (load.paths !== undefined) {
      const text = typeof load.paths === "string" ? load.paths : JSON.stringify({ jsonpaths: load.paths });
      json = `'${rig.s3.put(`s3://bucket/paths/${table}.json`, text)}'`;
    }
    const list = load.list === undefined ? "" : `(${load.list})`;
    const sql = `COPY ${table} ${list} FROM '${url}' ${ROLE} FORMAT JSON ${json} ${load.options ?? ""}`;
    return { table, sql, url };
  }

  return {
    rig,
    prepare,
    async loaded(load, select = "*") {
      const { table, sql } = await prepare(load);
      await rig.ok(sql);
      return rig.rows(`SELECT ${select} FROM ${table} ORDER BY 1`);
    },
    async failed(load) {
      const { table, sql, url } = await prepare(load);
      const error = await rig.refused(sql);
      const details = await rig.rows(
        `SELECT error_code, line_number, TRIM(column_name), TRIM(error_message) FROM sys_load_error_detail WHERE TRIM(file_name) = '${url}' ORDER BY line_number`,
      );
      const [rows] = await rig.rows(`SELECT COUNT(*) FROM ${table}`);
      return { error, details: details.map((row) => row.join(" ")), rows: Number(rows![0]) };
    },
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  };
}
