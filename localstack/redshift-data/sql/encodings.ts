// Column encodings, and which types each is for (database developer guide, "Compression encodings"). Stored and never used here.
import type { RedshiftType } from "./column-types.ts";
import type { Reader } from "./reader.ts";
import { SqlError } from "./sql-error.ts";

type Kind = RedshiftType["kind"];

const WHOLE: readonly Kind[] = ["smallint", "integer", "bigint"];
const TIMES: readonly Kind[] = ["date", "timestamp", "timestamptz"];
const FLOATS: readonly Kind[] = ["real", "double precision"];
const TEXTS: readonly Kind[] = ["char", "varchar"];

/** Undefined: any type. */
const ENCODINGS: Readonly<Record<string, readonly Kind[] | undefined>> = {
  auto: undefined,
  raw: undefined,
  zstd: undefined,
  az64: [...WHOLE, "decimal", ...TIMES],
  bytedict: [...WHOLE, "decimal", ...FLOATS, ...TEXTS, ...TIMES],
  delta: [...WHOLE, "decimal", ...TIMES],
  delta32k: ["integer", "bigint", "decimal", ...TIMES],
  lzo: [...WHOLE, "decimal", ...TEXTS, ...TIMES, "super"],
  mostly8: [...WHOLE, "decimal"],
  mostly16: ["integer", "bigint", "decimal"],
  mostly32: ["bigint", "decimal"],
  runlength: [...WHOLE, "decimal", ...FLOATS, "boolean", ...TEXTS, ...TIMES],
  text255: ["varchar"],
  text32k: ["varchar"],
};

export function readEncoding(reader: Reader): string {
  const token = reader.next();
  if (token.kind !== "word" || !Object.hasOwn(ENCODINGS, token.text)) throw reader.error(token);
  return token.text;
}

export function checkEncoding(column: string, type: RedshiftType, encoding: string): void {
  const kinds = ENCODINGS[encoding];
  if (kinds !== undefined && !kinds.includes(type.kind))
    throw new SqlError(`invalid encoding type specified for column "${column}"`);
}
