// Dates and times by TIMEFORMAT and DATEFORMAT: the default pattern, 'auto', and epochs.
import type { CopyCommand } from "./copy-command.ts";
import { LoadError } from "./load-error.ts";

const DATE = String.raw`(\d{4})-(\d{1,2})-(\d{1,2})`;
const TIME = String.raw`(\d{1,2}):(\d{2}):(\d{2})(\.\d{1,6})?`;
const ZONE = String.raw`(Z|[+-]\d{2}(?::?\d{2})?)`;
const PLAIN = new RegExp(`^${DATE} ${TIME}$`);
const PLAIN_ZONE = new RegExp(`^${DATE} ${TIME}${ZONE}$`);
const AUTO = new RegExp(`^${DATE}(?:[T ]${TIME} ?${ZONE}?)?$`);

type TimeType = "date" | "timestamp" | "timestamptz";

export function convertTime(text: string, json: string, type: TimeType, copy: CopyCommand): string | null {
  const converted = type === "date" ? toDate(text, copy) : toTimestamp(text, json, type, copy);
  if (converted !== undefined) return converted;
  if (copy.acceptAnyDate) return null;
  throw new LoadError(
    type === "date" ? 1205 : 1206,
    `Invalid ${type} format or value [${text.slice(0, 60)}]`,
  );
}

function toDate(text: string, copy: CopyCommand): string | undefined {
  const match = (copy.dateFormat === "auto" ? new RegExp(`^${DATE}`) : new RegExp(`^${DATE}$`)).exec(text);
  return match !== null && isDay(match) ? match[0] : undefined;
}

function toTimestamp(text: string, json: string, type: TimeType, copy: CopyCommand): string | undefined {
  if (copy.timeFormat === "epochsecs" || copy.timeFormat === "epochmillisecs") {
    if (!/^-?\d+(\.\d+)?$/.test(text)) return undefined;
    const ms = Number(text) * (copy.timeFormat === "epochsecs" ? 1000 : 1);
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
  }
  if (json !== "string") return undefined; // numbers are no times, 'auto' or not
  const pattern = copy.timeFormat === "auto" ? AUTO : type === "timestamptz" ? PLAIN_ZONE : PLAIN;
  const match = pattern.exec(text);
  if (match === null || !isDay(match) || !isTime(match)) return undefined;
  // A zone on its way into TIMESTAMP is dropped, not applied.
  return type === "timestamp" ? text.replace(new RegExp(` ?${ZONE}$`), "") : text;
}

function isDay(match: RegExpExecArray): boolean {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isTime(match: RegExpExecArray): boolean {
  return match[4] === undefined || (Number(match[4]) < 24 && Number(match[5]) < 60 && Number(match[6]) < 60);
}
