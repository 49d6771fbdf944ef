// Numbers and times for people.
import prettyBytes from "pretty-bytes";

const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
];

/** 1,234,567 (not by `Intl`, whose first number takes 15 ms) */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 1.2 MB (powers of 1,000) */
export function bytes(value: number): string {
  return prettyBytes(value);
}

/** `1 line`, `2 lines` */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** 45 s, 3 min, 5 h, 12 d: one unit, rounded down. Under a second: 0.4 s. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  const [unit, size] = UNITS.find(([, size]) => seconds >= size * (size === 1 ? 1 : 2)) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** 2026-11-21 07:55:01 (UTC) */
export function time(value: Date): string {
  return value.toISOString().slice(0, 19).replace("T", " ");
}
