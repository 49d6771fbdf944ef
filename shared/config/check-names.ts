// Names of tables and schemas that the configuration may give: those that every warehouse takes as they are.
import type { Finding, SettingPath } from "./problem.ts";

/** Longest name of a table or schema in bytes (Redshift). */
const MAX_NAME_BYTES = 127;
const OWN_SCHEMA = "log_router";

export function checkTableName(path: SettingPath, name: string): Finding[] {
  return checkName(path, name, "table");
}

export function checkSchemaName(path: SettingPath, name: string): Finding[] {
  if (name === OWN_SCHEMA || name === "information_schema" || name.startsWith("pg_")) {
    const problem = "is a schema with a purpose of its own";
    return [{ path, problem, found: name, fix: 'Choose another, such as "events".' }];
  }
  return checkName(path, name, "schema");
}

function checkName(path: SettingPath, name: string, noun: string): Finding[] {
  if (/^[a-z][a-z0-9_]*$/.test(name) && name.length <= MAX_NAME_BYTES) return [];
  const problem = `must be lower-case letters, digits and _, start with a letter, and be at most ${MAX_NAME_BYTES} long`;
  return [{ path, problem, found: JSON.stringify(name), fix: `Write ${suggestion(name, noun)}.` }];
}

function suggestion(name: string, noun: string): string {
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, MAX_NAME_BYTES);
  if (snake === "") return `a ${noun} name such as my_${noun}`;
  return /^[a-z]/.test(snake) ? snake : `${noun[0]}_${snake}`;
}
