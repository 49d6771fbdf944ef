// One JSON value → the text that is stored in a column, by COPY's rules (AWS.md 1; database developer guide, "COPY from JSON format" and
// "Load error reference"). What does not fit fails the row; nothing becomes NULL but what is documented to.
import type { RedshiftType } from "../sql/column-types.ts";
import type { CopyCommand } from "./copy-command.ts";
import { convertTime } from "./convert-time.ts";
import type { Json } from "./json.ts";
import { LoadError } from "./load-error.ts";

/** Null is SQL NULL. */
export function convert(value: Json, type: RedshiftType, copy: CopyCommand): string | null {
  if (value.kind === "null") return null;
  if (type.kind === "super") return toSuper(value);
  if (type.kind === "varchar" || type.kind === "char") return toText(value, type, copy);
  const text = value.kind === "string" ? value.value : value.raw;
  if (text === "") return null; // an empty string is NULL in every column that is no text
  if (value.kind === "object" || value.kind === "array")
    throw new LoadError(1207, `Invalid value for ${type.kind}`);
  switch (type.kind) {
    case "smallint":
      return toInteger(text, 16n);
    case "integer":
      return toInteger(text, 32n);
    case "bigint":
      return toInteger(text, 64n);
    case "real":
    case "double precision":
      return toFloat(text, type.kind);
    case "decimal":
      return toDecimal(value.kind === "string", text, type, copy);
    case "boolean":
      return toBoolean(text);
    case "date":
    case "timestamp":
    case "timestamptz":
      return convertTime(text, value.kind, type.kind, copy);
  }
}

function toInteger(text: string, bits: bigint): string {
  if (!/^[+-]?\d+$/.test(text.trim()))
    throw new LoadError(1207, `Invalid digit, Value '${text[0]}', Type: Integer`);
  const value = BigInt(text.trim());
  const half = 1n << (bits - 1n);
  if (value < -half || value >= half) throw new LoadError(1222, "Overflow for integer");
  return value.toString();
}

function toFloat(text: string, kind: "real" | "double precision"): string {
  const value = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
  const stored = kind === "real" ? Math.fround(value) : value;
  if (!Number.isFinite(stored))
    throw new LoadError(1208, `Invalid floating point value '${text.slice(0, 50)}'`);
  return String(stored);
}

/** Numbers go through floating point (documented); quoted ones are exact. Digits beyond the scale are cut, or rounded with ROUNDEC. */
function toDecimal(
  quoted: boolean,
  text: string,
  type: { readonly precision: number; readonly scale: number },
  copy: CopyCommand,
): string {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/.exec(quoted ? text : plain(Number(text)));
  if (match === null || (match[2] === "" && !match[3]))
    throw new LoadError(1209, `Invalid decimal value '${text.slice(0, 50)}'`);
  const [, sign, whole, fraction = ""] = match;
  const kept = BigInt(`${whole || "0"}${fraction.slice(0, type.scale).padEnd(type.scale, "0")}`);
  const up = copy.roundDecimals && Number(fraction[type.scale] ?? 0) >= 5 ? 1n : 0n;
  const digits = (kept + up).toString().padStart(type.scale + 1, "0");
  if (digits.replace(/^0+/, "").length > type.precision)
    throw new LoadError(1209, "Numeric data overflow (result precision)");
  const point = digits.length - type.scale;
  return `${sign === "-" ? "-" : ""}${digits.slice(0, point)}${type.scale > 0 ? `.${digits.slice(point)}` : ""}`;
}

/** A double as a plain decimal. */
function plain(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, whole, fraction = "", exponent] = match;
  const point = whole!.length + Number(exponent);
  const digits = whole! + fraction;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return point >= digits.length
    ? `${sign}${digits.padEnd(point, "0")}`
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function toBoolean(text: string): string {
  const word = text.trim().toLowerCase();
  if (["t", "true", "y", "yes", "1"].includes(word)) return "true";
  if (["f", "false", "n", "no", "0"].includes(word)) return "false";
  throw new LoadError(1210, `Unknown boolean format '${text.slice(0, 50)}'`);
}

function toText(
  value: Json,
  type: { readonly kind: "varchar" | "char"; readonly bytes: number },
  copy: CopyCommand,
): string | null {
  const text = value.kind === "string" ? value.value : value.raw;
  if (text.includes("\0"))
    throw new LoadError(
      1220,
      "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: 0 (error 1)",
    );
  if (!text.isWellFormed())
    throw new LoadError(1220, "String contains invalid or unsupported UTF8 codepoints. (surrogate)");
  if (type.kind === "char" && Buffer.byteLength(text) !== text.length)
    throw new LoadError(1215, "CHAR takes single-byte characters only");
  if (copy.emptyAsNull && text === "") return null;
  if (copy.blanksAsNull && /^\s*$/.test(text) && text !== "") return null;
  if (Buffer.byteLength(text.replace(/ +$/, "")) <= type.bytes) return cut(text, type.bytes);
  if (copy.truncateColumns) return cut(text, type.bytes);
  throw new LoadError(1204, "String length exceeds DDL length");
}

/** At a character boundary, by bytes. */
function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text);
  if (buffer.length <= bytes) return text;
  let end = bytes;
  while ((buffer[end]! & 0xc0) === 0x80) end -= 1;
  return buffer.subarray(0, end).toString();
}

const MAX_SUPER_BYTES = 16_000_000;
const MAX_SUPER_STRING = 65_535;
const MAX_SUPER_DEPTH = 1000;

function toSuper(value: Json): string {
  if (Buffer.byteLength(value.raw) > MAX_SUPER_BYTES) throw new LoadError(1224, "SUPER value exceeds 16 MB");
  checkSuper(value, 1);
  return value.raw;
}

function checkSuper(value: Json, depth: number): void {
  if (depth > MAX_SUPER_DEPTH) throw new LoadError(1224, "SUPER nesting exceeds 1000 levels");
  if (value.kind === "string") {
    if (Buffer.byteLength(value.value) > MAX_SUPER_STRING)
      throw new LoadError(1224, "String in SUPER exceeds 65535 bytes");
    if (value.value.includes("\0") || !value.value.isWellFormed())
      throw new LoadError(1224, "Invalid UTF8 in SUPER");
  } else if (value.kind === "array") for (const item of value.items) checkSuper(item, depth + 1);
  else if (value.kind === "object") {
    const keys = new Set<string>();
    for (const [key, item] of value.members) {
      if (keys.has(key)) throw new LoadError(1224, `Duplicate key '${key.slice(0, 50)}' in SUPER object`);
      if (key.includes("\0") || !key.isWellFormed()) throw new LoadError(1224, "Invalid UTF8 in SUPER");
      keys.add(key);
      checkSuper(item, depth + 1);
    }
  }
}
