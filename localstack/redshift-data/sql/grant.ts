// GRANT and REVOKE on schemas and tables, run for real: the objects and the grantees have to exist.
import { quoteName, quoteTable, readName, readTableName } from "./identifiers.ts";
import type { Reader } from "./reader.ts";

const PRIVILEGES = [
  "select",
  "insert",
  "update",
  "delete",
  "usage",
  "create",
  "all",
  "drop",
  "references",
  "truncate",
  "alter",
];
/** Redshift's privileges that PostgreSQL does not know; checked for the object, not kept. */
const OWN = new Set(["drop", "alter"]);

export function grant(reader: Reader): string[] {
  const verb = reader.accept("grant") ? "GRANT" : "REVOKE";
  if (verb === "REVOKE") reader.expect("revoke");
  const privileges: string[] = [];
  do {
    const found = PRIVILEGES.find((word) => reader.accept(word));
    if (found === undefined) throw reader.error();
    if (found === "all") reader.accept("privileges");
    if (!OWN.has(found)) privileges.push(found);
  } while (reader.accept(","));
  reader.expect("on");
  const on = object(reader);
  reader.expect(verb === "GRANT" ? "to" : "from");
  const who = grantees(reader);
  return privileges.length === 0
    ? []
    : [`${verb} ${privileges.join(", ")} ON ${on} ${verb === "GRANT" ? "TO" : "FROM"} ${who}`];
}

function object(reader: Reader): string {
  if (reader.accept("schema")) return `SCHEMA ${quoteName(readName(reader))}`;
  if (reader.accept("all", "tables", "in", "schema"))
    return `ALL TABLES IN SCHEMA ${quoteName(readName(reader))}`;
  reader.accept("table");
  return `TABLE ${quoteTable(readTableName(reader))}`;
}

function grantees(reader: Reader): string {
  const names: string[] = [];
  do {
    if (reader.accept("public")) names.push("PUBLIC");
    else {
      if (!reader.accept("role")) reader.accept("group");
      names.push(quoteName(readName(reader)));
    }
  } while (reader.accept(","));
  reader.end();
  return names.join(", ");
}
