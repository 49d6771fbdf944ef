// The inner loop: one pass over a line's bytes that checks it as strict JSON in strict UTF-8, finds its event type, and notes the path,
// kind and limits of each value. It is one long function on purpose: positions and states stay in registers. What it cannot judge in passing
// it calls odd and leaves to the slow path; it never accepts what the slow path would refuse or rewrite.
import { MAX_DEPTH, MAX_STRING_BYTES } from "../../../shared/contracts/words.ts";
import { escapedStringKind, StringReader, stringKind } from "./bytes.ts";
import { FLAG_BITS, HOT, NO_NODE, SILENT } from "./hot.ts";
import type { KeyTable } from "./key-table.ts";
import { KIND, KIND_SHIFT } from "./kinds.ts";
import { FRAME, type LineContext, ODD } from "./line-context.ts";
import { NumberReader } from "./number-bytes.ts";
import type { PathTree } from "./path-tree.ts";

/** Bytes that must follow a record in its block, because words are read. */
export const PADDING = 16;
export const FATE = { OBJECT: 0, BLANK: 1, ODD: 2 } as const;

// Constants of this module are compiled in; imported ones are looked up, which costs the inner loop a tenth of its speed.
const { NEXT, FIRST, WORD, LAST, MASK, BYTES_FLAGS, STAMP, SHIFT } = HOT;
const { STRING, INTEGER, FLOAT } = KIND;
const [NULL, BOOLEAN, OBJECT, ARRAY] = [KIND.NULL, KIND.BOOLEAN, KIND.OBJECT, KIND.ARRAY];
const [NODE, LINK, NUMBER, MEMBERS, IS_ARRAY, COLUMNS] = [
  FRAME.NODE,
  FRAME.LINK,
  FRAME.OBJECT,
  FRAME.MEMBERS,
  FRAME.ARRAY,
  FRAME.COLUMNS,
];
const [NONE, SILENT_FLAG, BYTES_SHIFT, FLAGS_MASK] = [NO_NODE, SILENT, FLAG_BITS, (1 << FLAG_BITS) - 1];
const [NODE_SHIFT, ODD_MEMBER, DEEPEST, LONGEST] = [KIND_SHIFT, ODD, MAX_DEPTH, MAX_STRING_BYTES];
const ODD_LINE = FATE.ODD;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;

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
   * `recordEnd`, in which newlines are white space. At least PADDING bytes must follow in the block. `view` is the block's. `type` is the event
   * type when it is known beforehand, else −1.
   */
  scan(bytes: Uint8Array, view: DataView, at: number, recordEnd: number, type: number): number {
    const [tree, context] = [this.#tree, this.context];
    let p = bytes[at] === OPEN_OBJECT ? at : this.#white(bytes, at, recordEnd);
    if (bytes[p] !== OPEN_OBJECT) {
      this.next = p + 1;
      return (recordEnd < 0 ? bytes[p] === NEWLINE : p >= recordEnd) ? FATE.BLANK : ODD_LINE;
    }
    this.hasNewlines = false;
    this.bodyStart = p + 1;

    const { frames } = context;
    const limit = recordEnd < 0 ? 0x7fffffff : recordEnd;
    let node = context.begin(type);
    let { hot } = tree;
    let { words } = this.#keys;
    let { tape, values } = context;
    let room = tape.length - 2;
    let length = 1;
    let depth = 1;
    let isArray = false;
    // Where in `hot` the guess at the next member stands: at the member before, or at the object itself.
    let link = (node << SHIFT) + FIRST;
    let members = 0;
    let object = ++context.object;
    tape[0] = (node << NODE_SHIFT) | OBJECT;

    p++;
    if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
    let closing = bytes[p] === CLOSE_OBJECT;
    if (closing) this.bodyStart = p;

    // Each round is one member or element, or one closing bracket.
    for (;;) {
      if (!closing) {
        let n: number = NONE;
        let flags: number = SILENT_FLAG;
        if (!isArray) {
          members++;
          // The key that came next the last time, then the one after it: members that come and go.
          n = hot[link]!;
          for (let tries = 0; n !== NONE; tries++) {
            const guess = n << SHIFT;
            const last = hot[guess + LAST]!;
            let word = hot[guess + WORD]!;
            let q = p;
            while (word < last && view.getInt32(q, true) === words[word]) {
              word++;
              q += 4;
            }
            if (word === last && ((view.getInt32(q, true) ^ words[last]!) & hot[guess + MASK]!) === 0) break;
            n = tries === 0 ? hot[guess + NEXT]! : NONE;
          }
          if (n !== NONE) {
            const known = n << SHIFT;
            if (hot[known + STAMP] === object) return ODD_LINE;
            hot[known + STAMP] = object;
            link = known + NEXT;
            const both = hot[known + BYTES_FLAGS]!;
            p += both >> BYTES_SHIFT;
            flags = both & FLAGS_MASK;
          } else {
            if (bytes[p]! <= SPACE) {
              // Not looked for before the guess, because most writers put no white space there.
              p = this.#white(bytes, p, recordEnd);
              if (bytes[p] !== QUOTE) return ODD_LINE;
              members--;
              continue;
            }
            if (bytes[p] !== QUOTE) return ODD_LINE;
            context.length = length;
            n = context.member(bytes, p + 1, node, link, object, members, depth);
            if (n === ODD_MEMBER) return ODD_LINE;
            length = context.length;
            p = context.keyEnd + 1;
            if (n !== NONE) link = n << SHIFT;
            ({ hot } = tree);
            ({ words } = this.#keys);
            ({ tape, values } = context);
            room = tape.length - 2;
            flags = hot[(n << SHIFT) + BYTES_FLAGS]! & FLAGS_MASK;
            if (bytes[p] !== COLON) p = this.#white(bytes, p, recordEnd);
            if (bytes[p++] !== COLON) return ODD_LINE;
          }
          if (length >= room) {
            if (!context.grow()) return ODD_LINE;
            ({ tape, values } = context);
            room = tape.length - 2;
          }
        }

        let c = bytes[p]!;
        if (c <= SPACE) {
          p = this.#white(bytes, p, recordEnd);
          c = bytes[p]!;
        }
        if (c === QUOTE) {
          const start = ++p;
          // Four bytes at a time while none of them is a quote, a backslash, a control character or beyond ASCII.
          let special: number;
          for (;;) {
            const w = view.getInt32(p, true);
            const plain =
              (w + 0x60606060) & ((w ^ 0x22222222) + 0x7f7f7f7f) & ((w ^ 0x5c5c5c5c) + 0x7f7f7f7f);
            special = (w | ~plain) & 0x80808080;
            if (special !== 0) break;
            p += 4;
          }
          p += (31 - Math.clz32(special & -special)) >> 3;
          let size = p - start;
          let kind: number;
          if (bytes[p] === QUOTE) kind = size < 10 ? STRING : stringKind(bytes, start, size);
          else {
            p = this.#strings.finish(bytes, p);
            if (p < 0) return ODD_LINE;
            size = p - start - this.#strings.surplus;
            kind = size < p - start ? escapedStringKind(bytes, start, p, size) : STRING;
          }
          if (size > LONGEST) return ODD_LINE;
          p++;
          if ((flags & SILENT_FLAG) === 0) {
            tape[length] = (n << NODE_SHIFT) | kind;
            values[length++] = size;
            if (flags !== 0) {
              context.length = length;
              frames[depth * COLUMNS + NODE] = node;
              frames[depth * COLUMNS + LINK] = link;
              if (context.candidate(bytes, n, start, p - 1, size, depth)) {
                node = frames[depth * COLUMNS + NODE]!;
                link = frames[depth * COLUMNS + LINK]!;
              }
              ({ hot } = tree);
              ({ words } = this.#keys);
            }
          }
        } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
          if (depth === DEEPEST || p >= limit) return ODD_LINE;
          const opensArray = c === OPEN_ARRAY;
          if (isArray) {
            n = tree.elementsOf(node);
            ({ hot } = tree);
          }
          if ((flags & SILENT_FLAG) === 0) {
            tape[length++] = (n << NODE_SHIFT) | (opensArray ? ARRAY : OBJECT);
          }
          const frame = depth++ * COLUMNS;
          frames[frame + NODE] = node;
          frames[frame + LINK] = link;
          frames[frame + NUMBER] = object;
          frames[frame + MEMBERS] = members;
          frames[frame + IS_ARRAY] = isArray ? 1 : 0;
          node = n;
          link = (n << SHIFT) + FIRST;
          members = 0;
          isArray = opensArray;
          if (!opensArray) object = ++context.object;
          p++;
          if (bytes[p]! <= SPACE) p = this.#white(bytes, p, recordEnd);
          closing = bytes[p] === (opensArray ? CLOSE_ARRAY : CLOSE_OBJECT);
          continue;
        } else if (c === 0x74 || c === 0x66 || c === 0x6e) {
          const end = literalEnd(bytes, p, c);
          if (end < 0) return ODD_LINE;
          p = end;
          if ((flags & SILENT_FLAG) === 0) {
            tape[length++] = (n << NODE_SHIFT) | (c === 0x6e ? NULL : BOOLEAN);
          }
        } else {
          const start = p;
          let digit = (c === MINUS ? bytes[++p]! : c) - 0x30;
          if (digit >>> 0 > 9) return ODD_LINE;
          let value = digit;
          const digits = p++;
          digit = bytes[p]! - 0x30;
          if (value === 0) {
            if (digit >>> 0 <= 9) return ODD_LINE;
          } else {
            while (digit >>> 0 <= 9) {
              value = (Math.imul(value, 10) + digit) | 0;
              digit = bytes[++p]! - 0x30;
            }
          }
          let kind: number = INTEGER;
          // A point is −2, an e 0x35 or 0x15.
          if (p - digits > 9 || digit === -2 || (digit | 0x20) === 0x35) {
            p = this.#numbers.finish(bytes, start, p);
            if (p < 0) return ODD_LINE;
            kind = this.#numbers.kind;
            value = this.#numbers.value;
          } else if (c === MINUS) value = -value;
          if ((flags & SILENT_FLAG) === 0) {
            tape[length] = (n << NODE_SHIFT) | kind;
            values[length++] = value;
            if (flags !== 0 && kind !== FLOAT) {
              context.length = length;
              frames[depth * COLUMNS + NODE] = node;
              frames[depth * COLUMNS + LINK] = link;
              if (context.candidate(bytes, n, start, p, p - start, depth)) {
                node = frames[depth * COLUMNS + NODE]!;
                link = frames[depth * COLUMNS + LINK]!;
              }
              ({ hot } = tree);
              ({ words } = this.#keys);
            }
          }
        }
      } else {
        if (bytes[p] !== (isArray ? CLOSE_ARRAY : CLOSE_OBJECT)) return ODD_LINE;
        p++;
        if (--depth === 0) break;
        const frame = depth * COLUMNS;
        node = frames[frame + NODE]!;
        link = frames[frame + LINK]!;
        object = frames[frame + NUMBER]!;
        members = frames[frame + MEMBERS]!;
        isArray = frames[frame + IS_ARRAY] === 1;
      }

      // After a value.
      let after = bytes[p]!;
      if (after <= SPACE) {
        p = this.#white(bytes, p, recordEnd);
        after = bytes[p]!;
      }
      closing = after !== COMMA;
      if (!closing) p++;
    }
    context.length = length;
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
  if (first === 0x74) {
    return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : -1;
  }
  if (first === 0x6e) {
    return bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c ? at + 4 : -1;
  }
  const isFalse =
    bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65;
  return isFalse ? at + 5 : -1;
}
