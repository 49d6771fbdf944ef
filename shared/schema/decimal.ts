// Numbers as their text: exact decimals, without passing through a double.
import { classifyNumber } from "../shape/classify.ts";

/** ±digits × 10^exponent. `digits` has no zeros at either end; it is empty for zero, which has no sign. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** Beyond, a double no longer holds every integer. */
export const MAX_SAFE_DOUBLE_INTEGER = 2n ** 53n;

/** The decimal that a JSON number's text stands for; undefined when the text is no JSON number. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const fraction = match[3] ?? "";
  const all = (match[2]! + fraction).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  if (digits === "") return { negative: false, digits, exponent: 0 };
  const exponent = Number(match[4] ?? 0) - fraction.length + (all.length - digits.length);
  return { negative: match[1] === "-", digits, exponent };
}

/** Digits before the point, behind it, and from the first that is not zero, all without zeros at the end of a fraction (19.90 has 2, 1, 3; 0.05 has 0, 2, 1; 100.0 has 3, 0, 3). */
export function digitCounts(decimal: Decimal): { integer: number; scale: number; significant: number } {
  const { digits, exponent } = decimal;
  return {
    integer: digits === "" ? 0 : Math.max(0, digits.length + exponent),
    scale: Math.max(0, -exponent),
    significant: digits.length + Math.max(0, exponent),
  };
}

/** The number times 10^scale when that is an integer of at most 60 digits, else undefined. */
export function toUnits(decimal: Decimal, scale: number): bigint | undefined {
  const zeros = decimal.exponent + scale;
  if (decimal.digits === "") return 0n;
  if (zeros < 0 || decimal.digits.length + zeros > 60) return undefined;
  const units = BigInt(decimal.digits + "0".repeat(zeros));
  return decimal.negative ? -units : units;
}

/** `units` ÷ 10^scale as a plain decimal without trailing zeros. */
export function fromUnits(units: bigint, scale: number): string {
  const negative = units < 0n;
  const digits = String(negative ? -units : units).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const fraction = digits.slice(point).replace(/0+$/, "");
  return `${negative ? "-" : ""}${digits.slice(0, point)}${fraction && `.${fraction}`}`;
}

/**
 * True when a DOUBLE takes the number: integers of 64 bits within ±2^53, so that no warehouse has to know which of the larger ones a double
 * happens to hold, and all other exact numbers.
 */
export function fitsDouble(text: string): boolean {
  const facts = classifyNumber(text);
  if (facts.kind !== "integer") return facts.kind === "float";
  return facts.value >= -MAX_SAFE_DOUBLE_INTEGER && facts.value <= MAX_SAFE_DOUBLE_INTEGER;
}
