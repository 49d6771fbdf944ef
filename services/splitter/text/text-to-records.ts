// A block of text lines → the objects that the scanner reads, with the way back to the lines' own bytes. split2 does the line splitting.
// It decodes UTF-8 and would turn every bad byte into U+FFFD; so it is given each byte as one character (Latin-1), which loses nothing.
import { Readable } from "node:stream";
import split2 from "split2";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Block } from "../frame/framed.ts";
import type { QuarantinedLine } from "../scan/contract.ts";
import type { LineParser } from "./line-parser.ts";

/** Records and lines have the same order and number; a line that gives no object has an empty record. */
export interface TextRecords {
  readonly bytes: Uint8Array;
  /** Start and end of each record in `bytes`. */
  readonly spans: Uint32Array;
  /** Offset of each line in the source. */
  readonly offsets: Float64Array;
  /** Start and end of each line in the block, without its line ending. */
  readonly lines: Uint32Array;
  readonly notMatched: readonly QuarantinedLine[];
}

export async function textToRecords(block: Block, parser: LineParser): Promise<TextRecords> {
  const objects: string[] = [];
  const spans = new Uint32Array(block.lines * 2);
  const offsets = new Float64Array(block.lines);
  const lines = new Uint32Array(block.lines * 2);
  const notMatched: QuarantinedLine[] = [];
  let index = 0;
  let start = 0;
  let written = 0;
  for await (const line of splitLines(block.bytes)) {
    const raw = block.bytes.subarray(start, start + line.length - (line.endsWith("\r") ? 1 : 0));
    const parsed = parseBytes(raw, line, parser);
    offsets[index] = block.offset + start;
    lines.set([start, start + raw.length], index * 2);
    if (parsed.kind === "bad") {
      notMatched.push({
        line: block.firstLine + index,
        offset: block.offset + start,
        reason: parsed.reason,
        detail: parsed.detail,
        start,
        end: start + raw.length,
      });
    }
    const json = parsed.kind === "object" ? parsed.json : "";
    spans[index * 2] = written;
    written += Buffer.byteLength(json);
    spans[index * 2 + 1] = written;
    objects.push(json);
    start += line.length + 1;
    index++;
  }
  if (index !== block.lines) {
    throw new RouterError("INTERNAL", `split2 found ${index} lines where there are ${block.lines}`);
  }
  return { bytes: Buffer.from(objects.join("")), spans, offsets, lines, notMatched };
}

/** The lines, a character a byte, `\r` still on. */
function splitLines(bytes: Uint8Array): AsyncIterable<string> {
  const characters = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  return Readable.from([characters]).pipe(split2("\n"));
}

type Parsed =
  | { readonly kind: "object"; readonly json: string }
  | { readonly kind: "none" }
  | { readonly kind: "bad"; readonly reason: "invalid_utf8" | "not_matched"; readonly detail: string };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseBytes(raw: Uint8Array, line: string, parser: LineParser): Parsed {
  if (/^[ \t\r]*$/.test(line)) return { kind: "none" };
  let text: string;
  try {
    text = decoder.decode(raw);
  } catch {
    return { kind: "bad", reason: "invalid_utf8", detail: "the line is not UTF-8" };
  }
  const parsed = parser.parse(text);
  if (parsed.kind === "object") return parsed;
  if (parsed.kind === "directive") return { kind: "none" };
  return { kind: "bad", reason: "not_matched", detail: `the line does not match the pattern ${parser.name}` };
}
