// Values as the warehouse in memory keeps them: numbers as their text, so that nothing is rounded, and the rule of what fits a column
// (DESIGN.md 4: "a value fits only if the column read back gives the same JSON value").
import { createHash } from "node:crypto";
import type { ColumnType } from "../../schema/types.ts";

/** A JSON number, exactly as written. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return isInt64(this.text) && !Number.isSafeInteger(Number(this.text)) ? this.text : Number(this.text);
  }
}

/** Parses one line. Numbers become `NumberText`; `__proto__` is a key like any other. */
export function parseDocument(line: string): Record<string, unknown> {
  return JSON.parse(line, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === "number" ? new NumberText(context?.source ?? String(value)) : value,
  ) as Record<string, unknown>;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  );
}

/** JSON text with every number as it was written. */
export function jsonText(value: unknown): string {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`);
  return `{${members.join(",")}}`;
}

/** What the column stores for a value that is not null, or undefined when the value does not fit. */
export function fit(value: unknown, type: ColumnType): unknown {
  if (type === "json") return value;
  if (type === "hash") return createHash("sha256").update(textOf(value)).digest("hex");
  if (value instanceof NumberText) return numberFits(value.text, type) ? value : undefined;
  if (typeof value === "boolean") return type === "boolean" ? value : undefined;
  if (typeof value === "string") return stringFits(value, type) ? value : undefined;
  return undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : jsonText(value);
}

function numberFits(text: string, type: ColumnType): boolean {
  if (type === "integer") return isInt64(text);
  if (type === "double") return isExactDouble(text);
  if (type === "epoch_seconds") return isInt64(text) && Math.abs(Number(text)) < 1e11;
  if (type === "epoch_milliseconds") return isInt64(text) && Math.abs(Number(text)) < 1e14;
  const decimal = /^decimal\((\d+),(\d+)\)$/.exec(type);
  if (!decimal) return false;
  const { digits, exponent } = plain(text);
  const scale = Math.max(0, -exponent);
  const integerDigits = Math.max(0, digits.length + exponent);
  return scale <= Number(decimal[2]) && integerDigits <= Number(decimal[1]) - Number(decimal[2]);
}

export function isInt64(text: string): boolean {
  if (!/^-?\d{1,19}$/.test(text)) return false;
  const value = BigInt(text);
  return value >= -(2n ** 63n) && value < 2n ** 63n;
}

function isExactDouble(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value)) return false;
  const [a, b] = [plain(text), plain(String(value))];
  return a.digits === b.digits && a.exponent === b.exponent && a.negative === b.negative;
}

/** Sign, digits without zeros at either end, and the power of ten of the last digit. Zero has no digits. */
function plain(text: string): { negative: boolean; digits: string; exponent: number } {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)!;
  const fraction = match[3] ?? "";
  const all = `${match[2]}${fraction}`.replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  if (digits === "") return { negative: false, digits: "", exponent: 0 };
  return {
    negative: match[1] === "-",
    digits,
    exponent: Number(match[4] ?? 0) - fraction.length + (all.length - digits.length),
  };
}

const TIME = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?$/;

function stringFits(value: string, type: ColumnType): boolean {
  const bytes = /^string\((\d+)\)$/.exec(type);
  if (bytes) return Buffer.byteLength(value) <= Number(bytes[1]);
  if (type === "date") return isDate(value);
  if (type !== "timestamp" && type !== "timestamptz") return false;
  const match = TIME.exec(value);
  if (!match || !isDate(match[1]!)) return false;
  if (Number(match[2]) > 23 || Number(match[3]) > 59 || Number(match[4]) > 59) return false;
  return (match[5] !== undefined) === (type === "timestamptz");
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match || match[1] === "0000") return false;
  const at = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}
