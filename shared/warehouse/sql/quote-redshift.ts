// Names and texts inside Redshift statements. Two rules differ from quote.ts: a backslash in a plain literal is an escape, so that doubling
// quotes alone would let `\'` end it elsewhere; and quoted identifiers fold to lower case, so that two names which differ by case are one.
// Identifiers have 127 bytes; Redshift cuts longer ones without a word (database developer guide, "Names and identifiers").
import { RouterError } from "../../errors/router-error.ts";

const MAX_NAME_BYTES = 127;

/** The name as Redshift stores it: ASCII letters in lower case. */
export function foldName(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The name in double quotes, folded. Throws INTERNAL for what Redshift does not take, or would cut. */
export function redshiftName(name: string): string {
  if (name === "" || name.includes("\0") || !name.isWellFormed() || Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new RouterError("INTERNAL", `not a possible Redshift name: ${JSON.stringify(name.slice(0, 300))}`);
  return `"${foldName(name).replaceAll('"', '""')}"`;
}

/** `"schema"."table"`. */
export function redshiftTable(schema: string, name: string): string {
  return `${redshiftName(schema)}.${redshiftName(name)}`;
}

/** The text in single quotes, backslashes and quotes doubled. Throws INTERNAL for NUL and lone surrogates, which no VARCHAR has. */
export function redshiftLiteral(text: string): string {
  if (text.includes("\0") || !text.isWellFormed())
    throw new RouterError("INTERNAL", "a text with NUL or a lone surrogate cannot stand in a statement");
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** A value of one of the types that the ledger has. Dates are TIMESTAMPTZ literals. */
export function redshiftValue(value: string | number | boolean | Date | undefined | null): string {
  if (value === undefined || value === null) return "NULL";
  if (typeof value === "string") return redshiftLiteral(value);
  if (typeof value === "boolean") return String(value);
  if (value instanceof Date)
    return redshiftLiteral(value.toISOString().replace("T", " ").replace("Z", "+00"));
  if (!Number.isSafeInteger(value))
    throw new RouterError("INTERNAL", `not a whole number for a statement: ${value}`);
  return String(value);
}

/** Both sides with a mark behind: Redshift ignores trailing blanks when it compares, and `a ` is another event type than `a`. */
export function sameText(left: string, right: string): string {
  return `${left} || '.' = ${right} || '.'`;
}
