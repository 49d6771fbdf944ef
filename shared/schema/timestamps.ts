// The instants that strings name, and the one text of an instant.
import { classifyString } from "../shape/classify.ts";

/** A point of time in microseconds since 1970; without a zone it is counted as if it were UTC. */
export interface Instant {
  readonly kind: "timestamptz" | "timestamp" | "date";
  readonly micros: bigint;
}

/** Warehouses write a zone without minutes, and write the zone of a session that is in UTC. */
const READ_BACK = /^(.*\d)([+-]\d\d)$/;
const MICROS_A_SECOND = 1_000_000n;
const MICROS_A_MINUTE = 60_000_000n;
/** Years 0001 to 9999, in UTC. */
export const FIRST_INSTANT = BigInt(new Date(0).setUTCFullYear(1, 0, 1)) * 1000n;
export const LAST_INSTANT = BigInt(Date.UTC(10_000, 0, 1)) * 1000n - 1n;
/** Longest text of each kind, in bytes. */
export const TIME_BYTES = { timestamptz: 32, timestamp: 26, date: 10 } as const;

/** The instant of a string that is a timestamp or a date (shared/shape/classify.ts says which are); undefined for other strings. */
export function parseInstant(text: string): Instant | undefined {
  const kind = classifyString(text);
  if (kind === "string") return undefined;
  const [year, month, day, hour, minute, second] = [0, 5, 8, 11, 14, 17].map((at, index) =>
    Number(text.slice(at, at + (index === 0 ? 4 : 2))),
  );
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  const seconds = date.getTime() / 1000 + hour! * 3600 + minute! * 60 + second!;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  const zone = kind === "timestamptz" ? zoneMinutes(text) : 0;
  const micros =
    BigInt(seconds) * MICROS_A_SECOND + BigInt(fraction.padEnd(6, "0")) - BigInt(zone) * MICROS_A_MINUTE;
  return { kind, micros };
}

/** As `parseInstant`, and also the zone forms that warehouses give back (`+00`). */
export function parseReadBack(text: string): Instant | undefined {
  return parseInstant(
    text.replace(READ_BACK, (whole, time: string, zone: string) =>
      time.includes(":") ? `${time}${zone}:00` : whole,
    ),
  );
}

/** One text for each instant: `T`, no trailing zeros in the fraction, zone `Z`. */
export function formatInstant({ kind, micros }: Instant): string {
  const seconds = micros / MICROS_A_SECOND - (micros % MICROS_A_SECOND < 0n ? 1n : 0n);
  const iso = new Date(Number(seconds) * 1000).toISOString();
  if (kind === "date") return iso.slice(0, 10);
  const fraction = String(micros - seconds * MICROS_A_SECOND)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${iso.slice(0, 19)}${fraction && `.${fraction}`}${kind === "timestamptz" ? "Z" : ""}`;
}

/** Minutes that the zone at the end of the text is ahead of UTC. */
function zoneMinutes(text: string): number {
  if (text.endsWith("Z")) return 0;
  const [sign, hours, minutes] = [text.at(-6), Number(text.slice(-5, -3)), Number(text.slice(-2))];
  return (sign === "-" ? -1 : 1) * (hours * 60 + minutes);
}
