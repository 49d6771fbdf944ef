// What is wrong with a row that a value of the cases table has become, and which values each way of loading is for.
import { exactFrom, parseExact } from "../../../shared/schema/exact-json.ts";
import { isAbsent, readBack } from "../../../shared/schema/fits.ts";
import { rescuedValues } from "../../../shared/schema/rebuild.ts";
import { sameDocument } from "../../../shared/schema/same-document.ts";
import type { ColumnType } from "../../../shared/schema/types.ts";
import type { Case } from "../../fixtures/cases/cases.ts";
import { CASES } from "../../fixtures/cases/cases.ts";

export type Row = Readonly<Record<string, unknown>>;

export const titleOf = ({ title, fate }: Case): string => `${title} → ${fate}`;

/** An epoch column stands for a number again; the table says the instant it stores. */
const shownAs = (type: ColumnType): ColumnType => (type.startsWith("epoch_") ? "timestamptz" : type);

/** What is wrong with the row, or undefined. */
export function faultOf(test: Case, row: Row): string | undefined {
  const column = row["x"];
  const rescued = rescuedValues(row["_lr_rescued"]);
  const value = test.type === "hash" ? exactFrom(column) : readBack(shownAs(test.type), column);
  if (test.fate === "stored") {
    if (column === null || !sameDocument(value, parseExact(test.stored!)))
      return `stored as ${JSON.stringify(column)}, should be ${test.stored}`;
    return rescued.length === 0 ? undefined : "stored and rescued";
  }
  if (test.fate === "absent") {
    if (!isAbsent(value)) return `should be absent, is ${JSON.stringify(column)}`;
    return rescued.length === 0 ? undefined : `absent and rescued: ${JSON.stringify(rescued)}`;
  }
  if (column !== null) return `should be rescued, is stored as ${JSON.stringify(column)}`;
  const whole = rescued.find(({ p }) => p === '["x"]');
  if (!whole) return `not rescued: ${JSON.stringify(rescued)}`;
  return sameDocument(parseExact(whole.t.join("")), parseExact(test.json))
    ? undefined
    : `rescued as ${whole.t.join("")}`;
}

/** The splitter has dealt with `rescue` before; a direct plan has no objects where scalars are loaded, and no value that does not fit. */
function isFor(mode: "direct" | "staged", { fate, json, type }: Case): boolean {
  if (mode === "staged") return fate !== "rescue";
  return fate === "stored" || (fate === "absent" && (json === "null" || type === "json"));
}

export const casesOf = (mode: "direct" | "staged", type: ColumnType): Case[] =>
  CASES.filter((test) => test.type === type && isFor(mode, test));
export const tableOf = (type: ColumnType): string => type.replace(/\W/g, "_");
