// Reading members of a request's body, with the refusals of the service.
import { invalid } from "./api-error.ts";
import { parameterNames, type Parameters } from "./sql/parameters.ts";
import { tokenize } from "./sql/tokens.ts";

export type Body = Readonly<Record<string, unknown>>;

/** A text of at least one character; at most `max` bytes. */
export function text(
  body: Body,
  name: string,
  rule: { min?: number; max?: number } = {},
): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string" || value.length < (rule.min ?? 1))
    throw invalid(`${name} must be a text of at least ${rule.min ?? 1} characters`);
  if (!value.isWellFormed()) throw invalid(`${name} is not valid UTF-8`);
  if (rule.max !== undefined && Buffer.byteLength(value) > rule.max)
    throw invalid(`${name} is longer than ${rule.max}`);
  return value;
}

export function required(body: Body, name: string, rule: { max?: number } = {}): string {
  const value = text(body, name, rule);
  if (value === undefined) throw invalid(`${name} is required`);
  return value;
}

export function whole(body: Body, name: string, least: number, most: number): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw invalid(`${name} must be a whole number from ${least} to ${most}`);
  return value;
}

/** A statement's id: `<uuid>`, or `<uuid>:<n>` for the n-th statement of a batch. */
export function statementId(body: Body): { readonly id: string; readonly number: number | undefined } {
  const match = /^([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::(\d+))?$/.exec(required(body, "Id"));
  if (match === null) throw invalid("Id is not a statement id");
  return { id: match[1]!, number: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Values for `:name` placeholders, each of which one of the statements has to use. */
export function readParameters(body: Body, sqls: readonly string[]): Parameters {
  const given = body["Parameters"];
  const parameters = new Map<string, string>();
  if (given === undefined || given === null) return parameters;
  if (!Array.isArray(given) || given.length === 0) throw invalid("Parameters must be a list of 1 or more");
  for (const one of given as Body[]) {
    const name = required(one, "name").toLowerCase();
    if (parameters.has(name)) throw invalid(`Parameter ${name} is given twice`);
    parameters.set(name, required(one, "value"));
  }
  const used = new Set(sqls.flatMap(namesOf));
  for (const name of parameters.keys())
    if (!used.has(name)) throw invalid(`Parameter ${name} is not used in any statement`);
  return parameters;
}

function namesOf(sql: string): string[] {
  try {
    return [...parameterNames(tokenize(sql))];
  } catch {
    return []; // said when the statement runs
  }
}
