// The yardstick for documents, on purpose a second implementation that shares nothing with the product: two JSON texts have the same
// canonical text exactly when they are the same document by DESIGN.md 4: the last of equal keys wins, numbers are equal as exact
// decimals, timestamps as instants, null members and empty objects equal absent ones, the order of members does not matter.
import { createHash } from "node:crypto";

const TOKEN = /\s*(?:("[^"\\]*(?:\\.[^"\\]*)*")|(-?\d[\d.eE+-]*)|(true|false|null)|([[\]{}:,]))/gy;

/** Containers whose canonical text is longer stand as its hash, so that depth costs no square. */
const MAX_TEXT = 4000;

interface Open {
  readonly members?: Map<string, string>;
  readonly items?: string[];
  key?: string;
}

/** `1.50e3` → `15e2`; zero, also negative, → `0`. */
export function canonicalNumber(text: string): string {
  const match = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:[eE](?<exponent>[+-]?\d+))?$/.exec(text);
  if (!match?.groups) throw new SyntaxError(`no number: ${text}`);
  const { sign, whole, fraction = "", exponent = "0" } = match.groups;
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

const TIMESTAMP =
  /^(?<date>(?!0000)\d{4}-\d\d-\d\d)[T ](?<time>(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(?<fraction>\d{1,6}))?(?<zone>Z|[+-](?:0\d|1[0-5]):[0-5]\d)?$/;

/** A timestamp by its instant, with or without a zone; any other text by itself. */
export function canonicalString(text: string): string {
  const groups = TIMESTAMP.exec(text)?.groups;
  if (!groups) return JSON.stringify(text);
  const { date, time, fraction = "", zone } = groups;
  const day = new Date(`${date}T00:00:00Z`);
  // A day that the calendar lacks is either no date at all or rolls over into the next month.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== date) return JSON.stringify(text);
  const seconds = new Date(`${date}T${time}${zone ?? "Z"}`).getTime() / 1000;
  return `${zone === undefined ? "local" : "instant"} ${seconds}.${fraction.padEnd(6, "0")}`;
}

function containerText({ members, items }: Open): string {
  let text: string;
  if (members) {
    const kept = [...members].filter(([, value]) => value !== "null" && value !== "{}");
    kept.sort(([a], [b]) => (a < b ? -1 : 1));
    text = `{${kept.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`;
  } else {
    text = `[${items!.join(",")}]`;
  }
  return text.length <= MAX_TEXT ? text : `#${createHash("sha256").update(text).digest("hex")}`;
}

/** The canonical text of one JSON text, which must be valid: check it with JSON.parse first. Never recurses. */
export function canonicalJson(json: string): string {
  const open: Open[] = [];
  let result: string | undefined;
  const put = (value: string): void => {
    const parent = open.at(-1);
    if (!parent) result = value;
    else if (parent.items) parent.items.push(value);
    else parent.members!.set(parent.key!, value);
  };
  // Keys and values of objects take turns: a string is a key when the last sign was { or , inside an object.
  let keyNext = false;
  for (const [token, string, number, literal, sign] of json.matchAll(TOKEN)) {
    if (string !== undefined && keyNext) open.at(-1)!.key = String(JSON.parse(string));
    else if (string !== undefined) put(canonicalString(String(JSON.parse(string))));
    else if (number !== undefined) put(canonicalNumber(number));
    else if (literal !== undefined) put(literal);
    else if (sign === "{") open.push({ members: new Map() });
    else if (sign === "[") open.push({ items: [] });
    else if (sign === "}" || sign === "]") put(containerText(open.pop()!));
    else if (sign === undefined) throw new SyntaxError(`no JSON: ${token}`);
    keyNext = sign === "{" || (sign === "," && open.at(-1)?.members !== undefined);
  }
  if (result === undefined || open.length > 0) throw new SyntaxError("no JSON");
  return result;
}
