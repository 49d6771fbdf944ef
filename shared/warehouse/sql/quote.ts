// The only place where a name or a text becomes part of an SQL statement. Values travel as bound parameters wherever the engine takes
// them; these two are for what it does not: identifiers, and literals inside DDL or table functions.
import { RouterError } from "../../errors/router-error.ts";

/** The name in double quotes, embedded quotes doubled. Throws INTERNAL for what no warehouse takes as a name. */
export function quoteIdentifier(name: string): string {
  if (name === "" || name.includes("\0"))
    throw new RouterError("INTERNAL", `not a possible SQL name: ${JSON.stringify(name)}`);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function qualifiedName(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** The text in single quotes, embedded quotes doubled. For engines where a backslash in a literal is only a backslash. */
export function quoteLiteral(text: string): string {
  if (text.includes("\0"))
    throw new RouterError("INTERNAL", "a text with NUL cannot stand in an SQL statement, bind it instead");
  return `'${text.replaceAll("'", "''")}'`;
}
