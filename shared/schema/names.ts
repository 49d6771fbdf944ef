// Names of tables and columns. Every warehouse takes them as they are: ASCII letters in lower case, digits and `_`, at most 127 bytes,
// starting with a letter or `_`. (They are quoted in SQL all the same, since reserved words stay.)
import { LOADED_AT_COLUMN, SYSTEM_PREFIX } from "../contracts/words.ts";
import type { Path } from "./types.ts";

/** Longest name in bytes (Redshift). */
export const MAX_NAME_BYTES = 127;

/** Columns that every table starts with; they count towards `max_columns`. */
export const SYSTEM_COLUMNS = [
  "_lr_source",
  "_lr_line",
  "_lr_event_type",
  LOADED_AT_COLUMN,
  "_lr_rescued",
] as const;

/** Names that can never be columns on Redshift (r_names), and DuckDB's pseudo-column, by which a load counts its rows. */
const RESERVED = new Set(["oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "rowid"]);

/** Letters that Unicode does not take apart into an ASCII letter and a mark. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  ẞ: "Ss",
  æ: "ae",
  Æ: "Ae",
  œ: "oe",
  Œ: "Oe",
  ø: "o",
  Ø: "O",
  đ: "d",
  Đ: "D",
  ð: "d",
  Ð: "D",
  ł: "l",
  Ł: "L",
  þ: "th",
  Þ: "Th",
  ı: "i",
};

/** Words whose capitals are not those of new words. */
const WHOLE_WORDS = /IPv(?=[46])|OAuth|GitHub|JavaScript/g;

/**
 * The words of a text in snake_case: `userID` → `user_id`, `HTTPServerName` → `http_server_name`, `s3:x-amz-acl` → `s3_x_amz_acl`,
 * `Größe` → `grosse`. Empty when it has no ASCII letter or digit. A leading `_` stays.
 */
export function snakeCase(text: string): string {
  const words = text
    .replace(/[ßẞæÆœŒøØđĐðÐłŁþÞı]/g, (letter) => LETTERS[letter]!)
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(WHOLE_WORDS, (word) => word[0]! + word.slice(1).toLowerCase())
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    // The last capital of several starts the next word, unless it is only their plural (`UserIDs`).
    .replace(/([A-Z])([A-Z](?!s(?![a-z]))[a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return words !== "" && text.startsWith("_") ? `_${words}` : words;
}

/** The name wanted for a path's first column: its keys joined with `_`; `payload` for the whole line, `field` when there is nothing to name. */
export function columnName(path: Path): string {
  if (path.length === 0) return "payload";
  const [first = "", ...rest] = path.map(snakeCase);
  const others = rest.map((words) => words.replace(/^_/, "")).filter((words) => words !== "");
  return wellFormed([first, ...others].filter((words) => words !== "").join("_"), "field");
}

/** The name wanted for an event type's table; `event` when there is nothing to name. */
export function tableName(eventType: string): string {
  return wellFormed(snakeCase(eventType), "event");
}

/** Gives out names that differ from each other and from all that are taken, without regard to case. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string>) {
    this.#taken = new Set([...RESERVED, ...SYSTEM_COLUMNS]);
    for (const name of taken) this.#taken.add(name.toLowerCase());
  }

  /** The wanted name, or with `_2`, `_3`, … when it is taken; one over 127 bytes is cut and numbered from `_1`. */
  take(wanted: string): string {
    let number = wanted.length > MAX_NAME_BYTES ? 1 : 2;
    let name = wanted;
    while (name.length > MAX_NAME_BYTES || this.#taken.has(name)) {
      const suffix = `_${number++}`;
      name = wanted.slice(0, MAX_NAME_BYTES - suffix.length) + suffix;
    }
    this.#taken.add(name);
    return name;
  }
}

/** Order of paths key by key, by code unit: names are given out in it, so that one set of paths always gets the same names. */
export function comparePaths(a: Path, b: Path): number {
  for (let level = 0; level < Math.min(a.length, b.length); level++) {
    if (a[level] !== b[level]) return a[level]! < b[level]! ? -1 : 1;
  }
  return a.length - b.length;
}

/** Identity of a path in maps and sets. */
export function pathKey(path: Path): string {
  return JSON.stringify(path);
}

export function startsWithPath(path: Path, start: Path): boolean {
  return start.length <= path.length && start.every((key, level) => key === path[level]);
}

function wellFormed(name: string, otherwise: string): string {
  if (name === "" || name === "_") return otherwise;
  if (/^\d/.test(name)) return `_${name}`;
  // Also `_lr` alone, which a number would make `_lr_2`.
  return `${name}_`.startsWith(SYSTEM_PREFIX) ? name.slice(1) : name;
}
