// `--since` and `--until`, by the objects' last-modified.
import { RouterError } from "../../../shared/errors/router-error.ts";

export interface TimeRange {
  /** Last-modified at or after. */
  readonly since?: Date;
  /** Last-modified before. */
  readonly until?: Date;
}

const MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A day (`2026-10-01`, midnight UTC), a time with zone (`2026-10-01T06:00Z`), or how long ago (`36h`, `7d`, `90m`). Throws USAGE. */
export function parseTime(option: string, text: string, now: Date): Date {
  const ago = /^(\d{1,6})([mhd])$/.exec(text);
  if (ago) return new Date(now.getTime() - Number(ago[1]) * MS[ago[2]!]!);
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)) {
    const time = new Date(text);
    // JavaScript takes 2026-02-30 for the 2nd of March.
    const isDay =
      !Number.isNaN(time.getTime()) &&
      new Date(`${text.slice(0, 10)}T00:00Z`).getUTCDate() === Number(text.slice(8, 10));
    if (isDay) return time;
  }
  throw new RouterError(
    "USAGE",
    `${option} ${JSON.stringify(text)} is no time. Write 2026-10-01, 2026-10-01T06:00Z, or how long ago: 36h, 7d.`,
  );
}

/** Throws USAGE for texts that are no times, and for a range with nothing in it. */
export function timeRange(options: { since?: string; until?: string }, now: Date): TimeRange {
  const since = options.since === undefined ? undefined : parseTime("--since", options.since, now);
  const until = options.until === undefined ? undefined : parseTime("--until", options.until, now);
  if (since && until && since >= until) throw new RouterError("USAGE", "--since is not before --until");
  return { ...(since ? { since } : {}), ...(until ? { until } : {}) };
}

export function isWithin({ since, until }: TimeRange, time: Date): boolean {
  return !(since && time < since) && !(until && time >= until);
}
