// The inner loop: one pass over a line's bytes that checks it as strict JSON in strict UTF-8, finds its event type, and notes the path,
// kind and limits of each value. It is one long function on purpose: positions and states stay in registers. What it cannot judge in passing
// it calls odd and leaves to the slow path; it never accepts what the slow path would refuse or rewrite.
import { MAX_DEPTH, MAX_STRING_BYTES } from "../../../shared/contracts/words.ts";
import { escapedStringKind, SPECIAL, StringReader, stringKind } from "./bytes.ts";
import { KIND } from "./kinds.ts";
import { FRAME, type LineContext, ODD } from "./line-context.ts";
import { NumberReader } from "./number-bytes.ts";
import type { KeyTable } from "./key-table.ts";
import { SILENT, TYPE_PATH, type PathTree } from "./path-tree.ts";

export const FATE = { OBJECT: 0, BLANK: 1, ODD: 2 } as const;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const NEWLINE = 0x0a;

export class ByteScanner {
  /** Of the line last scanned, when it is an object: where what follows the opening bracket begins, and where the line's object ends. */
  bodyStart = 0;
  bodyEnd = 0;
  /** Position after the newline that ended the line. Not set for odd lines. */
  next = 0;
  /** True when there are CR or LF between the object's tokens. */
  hasNewlines = false;
  readonly context: LineContext;

  readonly #tree: PathTree;
  readonly #keys: KeyTable;
  readonly #strings = new StringReader();
  readonly #numbers = new NumberReader();

  constructor(context: LineContext, tree: PathTree, keys: KeyTable) {
    this.context = context;
    this.#tree = tree;
    this.#keys = keys;
  }

  /**
   * Scans one record that begins at `at`: a text line up to the next newline, which must be there (`recordEnd` −1), or a framed one up to
   * `recordEnd`, in which newlines are white space and behind which the block goes on. `type` is the event type when it is known beforehand, else −1.
   */
  scan(bytes: Uint8Array, at: number, recordEnd: number, type: number): number {
    const [tree, context] = [this.#tree, this.context];
    let p = bytes[at] === 0x7b ? at : this.#white(bytes, at, recordEnd);
    if (bytes[p] !== 0x7b) {
      this.next = p + 1;
      return (recordEnd < 0 ? bytes[p] === NEWLINE : p >= recordEnd) ? FATE.BLANK : FATE.ODD;
    }
    this.hasNewlines = false;
    this.bodyStart = p + 1;

    const frames = context.frames;
    let node = context.begin(type);
    let { nodes, kinds, values } = context;
    let { stamp, first, next, keyStart, keyLength, flags } = tree;
    let keyBytes = this.#keys.bytes;
    let tape = 1;
    let depth = 1;
    const limit = recordEnd < 0 ? 0x7fffffff : recordEnd;
    let isArray = false;
    let before = -1;
    let members = 0;
    let object = ++context.object;
    nodes[0] = node;
    kinds[0] = KIND.OBJECT;

    p = bytes[p + 1]! > SPACE ? p + 1 : this.#white(bytes, p + 1, recordEnd);
    let closing = bytes[p] === 0x7d;
    if (closing) this.bodyStart = p;

    for (;;) {
      while (!closing) {
        let n = -1;
        if (!isArray) {
          if (bytes[p] !== QUOTE || p >= limit) return FATE.ODD;
          const key = p + 1;
          members++;
          // The key that came next the last time, then the one after it: members that come and go.
          let guess = before >= 0 ? next[before]! : node >= 0 ? first[node]! : -1;
          for (let tries = 0; guess >= 0 && tries < 2; tries++) {
            const length = keyLength[guess]!;
            const start = keyStart[guess]!;
            let i = 0;
            while (keyBytes[start + i] === bytes[key + i] && i < length) i++;
            if (i === length && bytes[key + i] === QUOTE) {
              n = guess;
              break;
            }
            guess = next[guess]!;
          }
          if (n >= 0) {
            if (stamp[n] === object) return FATE.ODD;
            stamp[n] = object;
            before = n;
            p = key + keyLength[n]! + 1;
          } else {
            context.length = tape;
            n = context.member(bytes, key, node, before, object, members, depth);
            if (n === ODD) return FATE.ODD;
            tape = context.length;
            p = context.keyEnd + 1;
            if (n >= 0) before = n;
            ({ stamp, first, next, keyStart, keyLength, flags } = tree);
            ({ nodes, kinds, values } = context);
            keyBytes = this.#keys.bytes;
          }
          if (bytes[p] !== COLON) {
            p = this.#white(bytes, p, recordEnd);
            if (bytes[p] !== COLON) return FATE.ODD;
          }
          p++;
          if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
          if (tape + 2 > nodes.length) {
            if (!context.grow()) return FATE.ODD;
            ({ nodes, kinds, values } = context);
          }
        }

        const c = bytes[p]!;
        if (c === QUOTE) {
          const start = ++p;
          while (SPECIAL[bytes[p]!] === 0) p++;
          let length = p - start;
          let kind: number;
          if (bytes[p] === QUOTE) kind = length < 10 ? KIND.STRING : stringKind(bytes, start, length);
          else {
            p = this.#strings.finish(bytes, p);
            if (p < 0) return FATE.ODD;
            length = p - start - this.#strings.surplus;
            kind = length < p - start ? escapedStringKind(bytes, start, p, length) : KIND.STRING;
          }
          if (length > MAX_STRING_BYTES) return FATE.ODD;
          p++;
          if (n >= 0 && (flags[n]! & SILENT) === 0) {
            nodes[tape] = n;
            kinds[tape] = kind;
            values[tape++] = length;
            if ((flags[n]! & TYPE_PATH) !== 0) {
              context.length = tape;
              this.#saveFrame(depth, node, before, object, members);
              if (context.candidate(bytes, n, start, p - 1, length, depth)) {
                node = frames[depth * FRAME.COLUMNS + FRAME.NODE]!;
                before = frames[depth * FRAME.COLUMNS + FRAME.BEFORE]!;
              }
              ({ stamp, first, next, keyStart, keyLength, flags } = tree);
              keyBytes = this.#keys.bytes;
            }
          }
        } else if (c === 0x7b || c === 0x5b) {
          if (depth === MAX_DEPTH) return FATE.ODD;
          const opensArray = c === 0x5b;
          if (isArray && node >= 0) {
            n = tree.elementsOf(node);
            ({ stamp, first, next, keyStart, keyLength, flags } = tree);
          }
          if (n >= 0 && (flags[n]! & SILENT) === 0) {
            nodes[tape] = n;
            kinds[tape++] = opensArray ? KIND.ARRAY : KIND.OBJECT;
          }
          const frame = depth++ * FRAME.COLUMNS;
          frames[frame + FRAME.NODE] = node;
          frames[frame + FRAME.BEFORE] = before;
          frames[frame + FRAME.OBJECT] = object;
          frames[frame + FRAME.MEMBERS] = members;
          frames[frame + FRAME.ARRAY] = isArray ? 1 : 0;
          node = n;
          before = -1;
          members = 0;
          isArray = opensArray;
          if (!opensArray) object = ++context.object;
          p++;
          if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
          closing = bytes[p] === (opensArray ? 0x5d : 0x7d);
          continue;
        } else if (c === 0x74 || c === 0x66 || c === 0x6e) {
          const end = literalEnd(bytes, p, c);
          if (end < 0) return FATE.ODD;
          p = end;
          if (n >= 0 && (flags[n]! & SILENT) === 0) {
            nodes[tape] = n;
            kinds[tape++] = c === 0x6e ? KIND.NULL : KIND.BOOLEAN;
          }
        } else {
          const start = p;
          let digit = (c === 0x2d ? bytes[++p]! : c) - 0x30;
          if (digit >>> 0 > 9) return FATE.ODD;
          let value = digit;
          const digits = p++;
          digit = bytes[p]! - 0x30;
          if (value === 0) {
            if (digit >>> 0 <= 9) return FATE.ODD;
          } else {
            while (digit >>> 0 <= 9) {
              value = (Math.imul(value, 10) + digit) | 0;
              digit = bytes[++p]! - 0x30;
            }
          }
          let kind: number = KIND.INTEGER;
          // A point is −2, an e 0x35 or 0x15.
          if (p - digits > 9 || digit === -2 || (digit | 0x20) === 0x35) {
            p = this.#numbers.finish(bytes, start, p);
            if (p < 0) return FATE.ODD;
            kind = this.#numbers.kind;
            value = this.#numbers.value;
          } else if (c === 0x2d) value = -value;
          if (n >= 0 && (flags[n]! & SILENT) === 0) {
            nodes[tape] = n;
            kinds[tape] = kind;
            values[tape++] = value;
            if ((flags[n]! & TYPE_PATH) !== 0 && kind !== KIND.FLOAT) {
              context.length = tape;
              this.#saveFrame(depth, node, before, object, members);
              if (context.candidate(bytes, n, start, p, p - start, depth)) {
                node = frames[depth * FRAME.COLUMNS + FRAME.NODE]!;
                before = frames[depth * FRAME.COLUMNS + FRAME.BEFORE]!;
              }
              ({ stamp, first, next, keyStart, keyLength, flags } = tree);
              keyBytes = this.#keys.bytes;
            }
          }
        }

        if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
        if (bytes[p] === COMMA) {
          p++;
          if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
        } else closing = true;
      }

      if (bytes[p] !== (isArray ? 0x5d : 0x7d)) return FATE.ODD;
      p++;
      if (--depth === 0) break;
      const frame = depth * FRAME.COLUMNS;
      node = frames[frame + FRAME.NODE]!;
      before = frames[frame + FRAME.BEFORE]!;
      object = frames[frame + FRAME.OBJECT]!;
      members = frames[frame + FRAME.MEMBERS]!;
      isArray = frames[frame + FRAME.ARRAY] === 1;
      if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
      closing = bytes[p] !== COMMA;
      if (!closing) {
        p++;
        if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
      }
    }
    context.length = tape;
    return this.#end(bytes, p, recordEnd);
  }

  #end(bytes: Uint8Array, at: number, recordEnd: number): number {
    this.bodyEnd = at;
    const { hasNewlines } = this;
    const end = bytes[at] === NEWLINE ? at : this.#white(bytes, at, recordEnd);
    this.hasNewlines = hasNewlines;
    this.next = end + 1;
    if (recordEnd < 0) return bytes[end] === NEWLINE ? FATE.OBJECT : FATE.ODD;
    return at <= recordEnd && this.#white(bytes, at, recordEnd) >= recordEnd ? FATE.OBJECT : FATE.ODD;
  }

  #saveFrame(depth: number, node: number, before: number, object: number, members: number): void {
    this.context.frames.set([node, before, object, members, 0], depth * FRAME.COLUMNS);
  }

  /** Position of the first byte at `at` or after that is no white space; a newline at `recordEnd` or later is none. */
  #white(bytes: Uint8Array, at: number, recordEnd: number): number {
    for (;;) {
      const c = bytes[at]!;
      if (c === NEWLINE ? at >= recordEnd : c !== SPACE && c !== 0x09 && c !== 0x0d) return at;
      if (c === NEWLINE || c === 0x0d) this.hasNewlines = true;
      at++;
    }
  }
}

/** Position after `true`, `false` or `null` at `at`, which begins with `first`; −1 when it is none of them. */
function literalEnd(bytes: Uint8Array, at: number, first: number): number {
  if (first === 0x74)
    return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -1;
  if (first === 0x6e)
    return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -1;
  const isFalse =
    bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65;
  return isFalse ? at + 5 : -1;
}
