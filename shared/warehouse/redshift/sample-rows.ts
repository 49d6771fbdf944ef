// Rows of a table as documents. A row of a result has 64 KB at the most, and rows here may have megabytes: columns are asked for in groups that
// fit, and values that are too long come as bytes in pieces.
import { LINE_MEMBER, LOADED_AT_COLUMN, SOURCE_MEMBER } from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import { redshiftName, redshiftTable } from "../sql/quote-redshift.ts";
import { presentColumns, type PresentColumn } from "./catalog.ts";
import type { Value } from "./data-api.ts";
import { inChunks, type Database, type Run } from "./database.ts";
import { count, text } from "./rows.ts";

type Document = Record<string, unknown>;

/** Of 65,536, with room for what the API counts besides the values. */
const ROW_BYTES = 60_000;
/** A piece is sent as hex. */
const PIECE_BYTES = 31_000;
const NUMBER_BYTES = 64;
/** Pieces of a value in one query. */
const PIECES = 100;

export async function sampleRows(
  database: Database,
  eventSchema: string,
  table: string,
  limit: number,
  run: Run,
): Promise<readonly Document[]> {
  const columns = await presentColumns(database, eventSchema, table, run);
  if (columns.length === 0)
    throw new RouterError("NOT_FOUND", `there is no table ${redshiftName(table)} in ${eventSchema}`, {
      details: { table },
    });
  const reader = new RowReader(database, redshiftTable(eventSchema, table), Math.min(limit, 1_000_000), run);
  return reader.read(columns);
}

const isSuper = ({ type }: PresentColumn): boolean => type === "super";
/** Columns whose values may not fit into a row of a result beside others. */
const isLong = (column: PresentColumn): boolean => isSuper(column) || (column.bytes ?? 0) > 4096;

class RowReader {
  readonly #database: Database;
  readonly #run: Run;
  readonly #target: string;
  readonly #limit: number;
  /** By number in the order of source and line, from 1. */
  readonly #rows = new Map<number, Document>();

  constructor(database: Database, target: string, limit: number, run: Run) {
    this.#database = database;
    this.#run = run;
    this.#target = target;
    this.#limit = limit;
  }

  async read(columns: readonly PresentColumn[]): Promise<readonly Document[]> {
    const long = columns.filter(isLong);
    const sizes = await this.#sizes(long);
    const whole = long.filter((column) => sizes.get(column)! <= PIECE_BYTES);
    const plain = columns.filter((column) => !isLong(column));
    const sized = [
      ...plain.map((column) => ({ column, bytes: column.bytes ?? NUMBER_BYTES })),
      ...whole.map((column) => ({ column, bytes: sizes.get(column)! })),
    ];
    await this.#groups(grouped(sized));
    for (const column of long.filter((column) => !whole.includes(column)))
      await this.#pieces(column, sizes.get(column)!);
    const inOrder = [...this.#rows].toSorted(([a], [b]) => a - b);
    return inOrder.map(([, row]) => Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null])));
  }

  /** FROM clause with the rows wanted, numbered. Rows that are equal in source, line and time of load come in any order. */
  #from(columns: readonly PresentColumn[]): string {
    const order = [SOURCE_MEMBER, LINE_MEMBER, LOADED_AT_COLUMN].map(redshiftName).join(", ");
    const names = columns.map(({ name }) => `, ${redshiftName(name)}`).join("");
    return `FROM (SELECT ROW_NUMBER() OVER (ORDER BY ${order}) AS _lr_n${names} FROM ${this.#target}) r WHERE r._lr_n <= ${this.#limit}`;
  }

  /** The most bytes that a value of each column has. */
  async #sizes(columns: readonly PresentColumn[]): Promise<Map<PresentColumn, number>> {
    const sizes = new Map<PresentColumn, number>();
    for (const chunk of inChunks(columns, 100)) {
      const lengths = chunk.map((column) => `COALESCE(MAX(${bytesOf(column)}), 0)`);
      const [row] = await this.#database.query(
        `SELECT ${lengths.join(", ")} ${this.#from(chunk)}`,
        this.#run,
      );
      for (const [at, column] of chunk.entries()) sizes.set(column, count(row!, at));
    }
    return sizes;
  }

  async #groups(groups: readonly (readonly PresentColumn[])[]): Promise<void> {
    for (const group of groups) {
      const values = group.map((column) => `, ${shown(column)}`).join("");
      const rows = await this.#database.query(
        `SELECT r._lr_n${values} ${this.#from(group)} ORDER BY 1`,
        this.#run,
      );
      for (const row of rows) {
        const document = this.#row(count(row, 0));
        for (const [at, column] of group.entries()) document[column.name] = jsonReady(row[at + 1]!, column);
      }
    }
  }

  /** Values of one column as bytes, a piece in each row of the result. */
  async #pieces(column: PresentColumn, bytes: number): Promise<void> {
    const pieces = new Map<number, Buffer[]>();
    const value = `r.${redshiftName(column.name)}`;
    const whole = isSuper(column) ? `JSON_SERIALIZE_TO_VARBYTE(${value})` : `TO_VARBYTE(${value}, 'utf8')`;
    const starts = Array.from({ length: Math.ceil(bytes / PIECE_BYTES) }, (_, at) => at * PIECE_BYTES + 1);
    for (const chunk of inChunks(starts, PIECES)) {
      const numbers = chunk.map((start) => `SELECT ${start} AS start`).join(" UNION ALL ");
      const rows = await this.#database.query(
        `SELECT q._lr_n, p.start, TO_HEX(SUBSTRING(q.bytes, p.start, ${PIECE_BYTES}))
  FROM (SELECT r._lr_n, ${whole} AS bytes, ${bytesOf(column)} AS size ${this.#from([column])} AND ${value} IS NOT NULL) q
  JOIN (${numbers}) p ON p.start <= q.size OR p.start = 1 ORDER BY 1, 2`,
        this.#run,
      );
      for (const row of rows) {
        const number = count(row, 0);
        pieces.set(number, [...(pieces.get(number) ?? []), Buffer.from(text(row, 2), "hex")]);
      }
    }
    for (const [number, buffers] of pieces)
      this.#row(number)[column.name] = Buffer.concat(buffers).toString("utf8");
  }

  #row(number: number): Document {
    let row = this.#rows.get(number);
    if (!row) this.#rows.set(number, (row = {}));
    return row;
  }
}

function bytesOf(column: PresentColumn): string {
  const name = `r.${redshiftName(column.name)}`;
  return isSuper(column) ? `JSON_SIZE(${name})` : `OCTET_LENGTH(${name})`;
}

/** BIGINT would lose digits beyond 2^53, and a JSON text of null stands for no value. */
function shown(column: PresentColumn): string {
  const name = `r.${redshiftName(column.name)}`;
  if (isSuper(column)) return `CASE WHEN ${name} IS NULL THEN NULL ELSE JSON_SERIALIZE(${name}) END`;
  return column.type === "bigint" ? `CAST(${name} AS VARCHAR)` : name;
}

/** SUPER columns stay text, their numbers may be beyond what JSON.parse keeps. */
function jsonReady(value: Value, column: PresentColumn): unknown {
  if (column.type !== "bigint" || typeof value !== "string") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Columns in groups that fit into a row of a result together. */
function grouped(
  sized: readonly { readonly column: PresentColumn; readonly bytes: number }[],
): PresentColumn[][] {
  const groups: PresentColumn[][] = [];
  let room = 0;
  let names = 0;
  for (const { column, bytes } of sized) {
    const nameBytes = 3 * Buffer.byteLength(column.name) + 60;
    if (bytes > room || names + nameBytes > ROW_BYTES) {
      groups.push([]);
      room = ROW_BYTES;
      names = 0;
    }
    groups.at(-1)!.push(column);
    room -= bytes;
    names += nameBytes;
  }
  return groups;
}
