// The way back: from a row's columns and its rescued values to the document that was loaded. What tests and audits compare with the source.
import { type ExactJson, type ExactObject, isExactArray, isExactObject, parseExact } from "./exact-json.ts";
import { isAbsent, readBack } from "./fits.ts";
import type { CatalogColumn } from "./types.ts";

/** An element of `_lr_rescued`: the path (keys and indexes) as JSON text, and the JSON text of the value in pieces. */
export interface RescuedValue {
  readonly p: string;
  readonly t: readonly string[];
}

type Step = string | number;
/** A document being put together; its objects and arrays are its own. */
type Draft = null | Exclude<ExactJson, readonly ExactJson[] | ExactObject> | Draft[] | Map<string, Draft>;

/**
 * The document of one row, without the system members. `row`: column name → value as read back (whatever `readBack` takes; missing
 * columns are null). Objects kept whole come first, columns below them are laid over; hashed paths are missing, since a hash has no way
 * back. A rescued value is put where nothing is: of equal keys the last wins, which is the one that has a column, or that was rescued last.
 */
export function rebuildDocument(
  columns: readonly CatalogColumn[],
  row: Readonly<Record<string, unknown>>,
  rescued: readonly RescuedValue[],
): ExactObject {
  const root = new Map<string, Draft>();
  const outerFirst = columns.toSorted((a, b) => a.path.length - b.path.length);
  for (const { path, type, column } of outerFirst) {
    const value = Object.hasOwn(row, column) ? readBack(type, row[column]) : null;
    if (isAbsent(value)) continue;
    if (path.length > 0) put(root, path, draftOf(value));
    else if (isExactObject(value)) for (const [key, member] of value) root.set(key, draftOf(member));
  }
  for (const { p, t } of rescued.toReversed()) {
    const value = draftOf(parseExact(t.join("")));
    const path = stepsOf(p);
    if (isVacant(root, path)) put(root, path, value);
  }
  return root;
}

/** The elements of a `_lr_rescued` column, as text or as value. */
export function rescuedValues(column: unknown): RescuedValue[] {
  const value = readBack("json", column);
  if (!isExactArray(value)) return [];
  return value.filter(isExactObject).map((entry) => {
    const [p, t] = [entry.get("p"), entry.get("t")];
    const pieces = isExactArray(t) ? t.filter((piece) => typeof piece === "string") : [];
    return { p: typeof p === "string" ? p : "[]", t: pieces };
  });
}

function stepsOf(p: string): Step[] {
  const path: unknown = JSON.parse(p);
  return Array.isArray(path)
    ? path.filter((step) => typeof step === "string" || typeof step === "number")
    : [];
}

function draftOf(value: ExactJson): Draft {
  if (isExactArray(value)) return value.map(draftOf);
  if (isExactObject(value)) return new Map([...value].map(([key, member]) => [key, draftOf(member)]));
  return value;
}

/** True when nothing stands at the path, nor a scalar on the way to it. Null and an empty object are nothing. */
function isVacant(root: Draft, path: readonly Step[]): boolean {
  let at: Draft | undefined = root;
  for (const step of path) {
    if (at === undefined || at === null) return true;
    if (!(at instanceof Map) && !Array.isArray(at)) return false;
    at = memberOf(at, step);
  }
  return at === undefined || isAbsent(at);
}

function memberOf(container: Draft[] | Map<string, Draft>, step: Step): Draft | undefined {
  return container instanceof Map ? container.get(String(step)) : container[Number(step)];
}

function put(root: Draft, path: readonly Step[], value: Draft): void {
  let at = root;
  for (const [index, step] of path.entries()) {
    const last = index === path.length - 1;
    if (!(at instanceof Map) && !Array.isArray(at)) return;
    const known = memberOf(at, step);
    const next = last ? value : isContainer(known) ? known : new Map<string, Draft>();
    if (at instanceof Map) at.set(String(step), next);
    else at[Number(step)] = next;
    at = next;
  }
}

function isContainer(value: Draft | undefined): value is Draft[] | Map<string, Draft> {
  return value instanceof Map || Array.isArray(value);
}
