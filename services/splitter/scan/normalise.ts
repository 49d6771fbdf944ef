// The rewriting of the rare line that some warehouse would refuse, round or read differently (DESIGN.md 3, part lines): the offending
// value moves into `_lr_rescued` as exact text; in an object its member is taken out, in an array null takes its place.
import { MAX_STRING_BYTES, RESCUED_MEMBER, SYSTEM_PREFIX } from "../../../shared/contracts/words.ts";
import { classifyNumber, isAddressable, isStorable } from "../../../shared/shape/classify.ts";
import type { JsonContainer, JsonObject, JsonValue } from "../../../shared/shape/parse-json.ts";

export interface Normalised {
  /** Members of the document that stay, as JSON text without the brackets; may be empty. */
  readonly members: string;
  /** The member `_lr_rescued` as JSON text. */
  readonly rescued: string;
  /** The values that moved. */
  readonly moved: ReadonlySet<JsonValue>;
}

/**
 * What the document `text`, parsed to `root` with the depth limit, becomes; undefined when it may stay as it is. Moved values are given in
 * the order of the document. Where a path would not fit into a string itself, the nearest value above whose path does moves instead.
 */
export function normalise(text: string, root: JsonObject): Normalised | undefined {
  const moves = new Moves();
  if (moves.collect(root, "[", 0)) moves.moveAll(root);
  if (moves.list.length === 0) return undefined;
  const entries = moves.list.map(({ path, value }) => {
    const pieces = piecesOf(asciiJson(withoutNewlines(text.slice(value.start, value.end))));
    return `{"p":${JSON.stringify(path)},"t":[${pieces.map((piece) => JSON.stringify(piece)).join(",")}]}`;
  });
  return {
    members: moves.write(text, root).slice(1, -1),
    rescued: `"${RESCUED_MEMBER}":[${entries.join(",")}]`,
    moved: moves.values,
  };
}

interface Move {
  /** JSON text of the path, ASCII only. */
  readonly path: string;
  readonly value: JsonValue;
}

class Moves {
  readonly list: Move[] = [];
  readonly values = new Set<JsonValue>();
  /** Containers with a moved value somewhere inside. */
  readonly #touched = new Set<JsonValue>();

  /** Finds what has to move inside `value`. True when something has to whose path is too long: then `value` itself must move. */
  collect(value: JsonContainer, open: string, level: number): boolean {
    const before = this.list.length;
    const tooLong =
      value.type === "object" ? this.#members(value, open, level) : this.#items(value, open, level);
    if (tooLong) for (const undone of this.list.splice(before)) this.values.delete(undone.value);
    else if (this.list.length > before) this.#touched.add(value);
    return tooLong;
  }

  moveAll(root: JsonObject): void {
    this.list.push({ path: "[]", value: root });
    for (const member of root.members) this.values.add(member.value);
    this.#touched.add(root);
  }

  #members(object: JsonObject, open: string, level: number): boolean {
    const last = new Map(object.members.map((member, index) => [member.key, index]));
    return object.members.some(({ key, value }, index) => {
      const unfit =
        last.get(key) !== index || !isAddressable(key) || (level === 0 && key.startsWith(SYSTEM_PREFIX));
      return this.#visit(value, unfit, `${open}${asciiJson(JSON.stringify(key))}`, level);
    });
  }

  #items(array: JsonContainer & { type: "array" }, open: string, level: number): boolean {
    return array.items.some((value, index) => this.#visit(value, false, `${open}${index}`, level));
  }

  #visit(value: JsonValue, unfit: boolean, path: string, level: number): boolean {
    const inside = !unfit && isContainer(value) && !value.tooDeep;
    const moves = inside ? this.collect(value, `${path},`, level + 1) : unfit || isUnfit(value);
    if (!moves) return false;
    if (path.length + 1 > MAX_STRING_BYTES) return true;
    this.list.push({ path: `${path}]`, value });
    this.values.add(value);
    return false;
  }

  /** The JSON text of what stays of a value. */
  write(text: string, value: JsonValue): string {
    if (!this.#touched.has(value)) return withoutNewlines(text.slice(value.start, value.end));
    if (value.type === "array") {
      const items = value.items.map((item) => (this.values.has(item) ? "null" : this.write(text, item)));
      return `[${items.join(",")}]`;
    }
    const kept =
      value.type === "object" ? value.members.filter((member) => !this.values.has(member.value)) : [];
    const members = kept.map((member) => {
      return withoutNewlines(text.slice(member.start, member.value.start)) + this.write(text, member.value);
    });
    return `{${members.join(",")}}`;
  }
}

function isContainer(value: JsonValue): value is JsonContainer {
  return value.type === "object" || value.type === "array";
}

function isUnfit(value: JsonValue): boolean {
  if (value.type === "number") return classifyNumber(value.text).kind === "inexact";
  if (value.type === "string") {
    return !isStorable(value.value) || Buffer.byteLength(value.value) > MAX_STRING_BYTES;
  }
  return isContainer(value) && value.tooDeep;
}

/** JSON text with everything beyond ASCII escaped: outside strings valid JSON has nothing beyond ASCII. */
function asciiJson(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Valid JSON has raw newlines between tokens only. */
function withoutNewlines(json: string): string {
  return json.replace(/[\r\n]/g, "");
}

function piecesOf(ascii: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < ascii.length; at += MAX_STRING_BYTES)
    pieces.push(ascii.slice(at, at + MAX_STRING_BYTES));
  return pieces;
}
