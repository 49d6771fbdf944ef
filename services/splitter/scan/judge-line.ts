// The slow path: what becomes of one line, decided on the decoded text. The byte scanner hands over what it cannot judge in passing: lines
// that are invalid, that need rewriting, or that are too unusual to be fast.
import { isUtf8 } from "node:buffer";
import { MAX_DEPTH, type QuarantineReason } from "../../../shared/contracts/words.ts";
import {
  JsonSyntaxError,
  parseJson,
  type JsonObject,
  type JsonValue,
} from "../../../shared/shape/parse-json.ts";
import { addValue, Shape } from "../../../shared/shape/shape.ts";
import { asBuffer } from "../frame/copy-bytes.ts";
import type { ScanOptions } from "./contract.ts";
import { eventTypeOf } from "./event-type.ts";
import { normalise } from "./normalise.ts";

export type Verdict =
  | { readonly kind: "blank" }
  | { readonly kind: "invalid"; readonly reason: QuarantineReason; readonly detail: string }
  | {
      readonly kind: "valid";
      readonly eventType: string;
      /** What stands in the part line after the system members: the members, if any are left, and `}`. */
      readonly body: Uint8Array;
      readonly normalised: boolean;
      /** Of the line as written. */
      readonly shape: () => Shape;
    };

/** Judges one record. Newlines between its tokens are allowed and left out of the body. */
export function judgeLine(line: Uint8Array, options: ScanOptions): Verdict {
  if (!isUtf8(line)) {
    return { kind: "invalid", reason: "invalid_utf8", detail: `invalid UTF-8 at byte ${utf8Break(line)}` };
  }
  // Keeps a byte order mark, which is no white space: only the one at the start of the source is skipped, before this.
  const text = asBuffer(line).toString();
  if (/^[ \t\r\n]*$/.test(text)) return { kind: "blank" };
  let root: JsonValue;
  try {
    root = parseJson(text, MAX_DEPTH);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const at = Buffer.byteLength(text.slice(0, error.position));
    return { kind: "invalid", reason: "invalid_json", detail: `${error.message}, at byte ${at}` };
  }
  if (root.type !== "object") {
    return { kind: "invalid", reason: "not_an_object", detail: `the line is of type ${root.type}` };
  }
  return judgeObject(text, root, options);
}

function judgeObject(text: string, root: JsonObject, options: ScanOptions): Verdict {
  const eventType = options.constantEventType ?? eventTypeOf(root, options.eventTypePaths);
  if (eventType === undefined)
    return { kind: "invalid", reason: "no_event_type", detail: noEventType(options) };
  const normalised = normalise(text, root);
  const rest = normalised?.members ?? text.slice(root.start + 1, root.end - 1).replace(/[\r\n]/g, "");
  // White space alone is no member: `{ }` gets no comma either.
  const members = /^[ \t]*$/.test(rest) ? [] : [rest];
  const parts = normalised ? [normalised.rescued, ...members] : members;
  return {
    kind: "valid",
    eventType,
    body: Buffer.from(`${parts.join(",")}}`),
    normalised: normalised !== undefined,
    shape: () => {
      const shape = new Shape();
      addValue(shape, root, options.keysPerDepth, normalised?.moved);
      return shape;
    },
  };
}

/** Detail of `no_event_type`. */
export function noEventType(options: ScanOptions): string {
  const paths = options.eventTypePaths.map((path) => JSON.stringify(path)).join(", ");
  return `none of the event_type paths has a string of 1 to 200 bytes or an integer: ${paths}`;
}

/** Position of the first byte that is no UTF-8; the longest valid prefix ends there. */
function utf8Break(line: Uint8Array): number {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isUtf8Prefix(line.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** True when the bytes are UTF-8, but for a last character that may be cut short. */
function isUtf8Prefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
