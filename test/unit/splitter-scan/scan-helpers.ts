// Runs the scanner over lines and says, by other means than its own, what must come out.
import assert from "node:assert/strict";
import { z } from "zod";
import { BlockScanner } from "../../../services/splitter/scan/block-scanner.ts";
import { TypesByNumber } from "../../../services/splitter/scan/types-by-number.ts";
import { quarantinedLines } from "../../../services/splitter/scan/bad-lines.ts";
import type {
  BlockResult,
  Fate,
  QuarantinedLine,
  ScanOptions,
} from "../../../services/splitter/scan/contract.ts";
import { classifyNumber, isAddressable, isStorable } from "../../../shared/shape/classify.ts";
import { parseJson, type JsonValue } from "../../../shared/shape/parse-json.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { shapeOfJson } from "../../../shared/shape/shape-of-json.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import { isObject, parseObject, parsePlain, type Plain, type PlainObject } from "../shape/plain.ts";

export const SOURCE = "0123456789abcdef0123456789abcdef";

export function options(changes: Partial<ScanOptions> = {}): ScanOptions {
  return {
    sourceId: SOURCE,
    eventTypePaths: [["event"], ["type"], ["meta", "type"]],
    keysPerDepth: [40, 20, 10, 5],
    fate: () => "keep",
    ...changes,
  };
}

export interface Scanned {
  readonly results: readonly BlockResult[];
  /** Part lines by event type, in order, without newlines. */
  readonly lines: ReadonlyMap<string, readonly string[]>;
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** Scans bytes as blocks that end after the given line counts; the last block takes the rest. */
export function scanBytes(
  bytes: Uint8Array,
  changes: Partial<ScanOptions> = {},
  cuts: readonly number[] = [],
): Scanned {
  const scanner = new BlockScanner(options(changes));
  const results: BlockResult[] = [];
  let [offset, line] = [0, 1];
  for (const count of [...cuts, Number.POSITIVE_INFINITY]) {
    let end = offset;
    for (let taken = 0; taken < count && end < bytes.length; taken++) {
      const newline = bytes.indexOf(10, end);
      end = newline < 0 ? bytes.length : newline + 1;
    }
    const result = scanner.scan(bytes.subarray(offset, end), line, offset);
    results.push(result);
    [offset, line] = [end, line + result.lines];
  }
  return { results, lines: linesOf(results), shapes: new Map(scanner.lastShapes()) };
}

export interface TypeSegment {
  readonly eventType: string;
  readonly lines: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The segments of the blocks of one scanner, with the names of their event types. */
export function segmentsOf(results: readonly BlockResult[]): TypeSegment[] {
  const names = new TypesByNumber((eventType) => eventType);
  return results.flatMap(({ segments }) => {
    const known = names.of(segments);
    return Array.from(segments.types, (type, i) => {
      const bytes = segments.bytes.subarray(segments.spans[i * 2], segments.spans[i * 2 + 1]);
      return { eventType: known[type]!, lines: segments.lines[i]!, bytes };
    });
  });
}

export function linesOf(results: readonly BlockResult[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const { eventType, bytes, lines: count } of segmentsOf(results)) {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    assert.ok(text.endsWith("\n"));
    const more = text.slice(0, -1).split("\n");
    assert.equal(more.length, count);
    lines.set(eventType, [...(lines.get(eventType) ?? []), ...more]);
  }
  return lines;
}

/** The part line of a single line of input. */
export function partLine(line: string | Uint8Array, changes: Partial<ScanOptions> = {}): string {
  const { lines, results } = scanBytes(typeof line === "string" ? Buffer.from(line) : line, changes);
  assert.deepEqual(
    results.flatMap((result) => quarantinedOf(result)),
    [],
  );
  return [...lines.values()].flat().join("\n");
}

export interface Rescued {
  readonly p: string;
  readonly t: readonly string[];
}

const withRescued = z.looseObject({
  _lr_rescued: z.array(z.strictObject({ p: z.string(), t: z.array(z.string()) })).default([]),
});
const path = z.array(z.union([z.string(), z.int()]));

/** The entries of a part line's `_lr_rescued`. */
export function rescuedOf(line: string): readonly Rescued[] {
  return withRescued.parse(parseObject(line))._lr_rescued;
}

/** The document that a part line stands for: without system members, rescued values put back. */
export function restore(line: string): Plain {
  const document = parseObject(line);
  for (const name of ["_lr_source", "_lr_line", "_lr_event_type", "_lr_rescued"]) delete document[name];
  const holder: PlainObject = { root: document };
  const put = new Set<string>();
  for (const { p, t } of rescuedOf(line)) {
    const steps = ["root", ...path.parse(parsePlain(p))];
    const name = steps.pop()!;
    const parent = steps.reduce<Plain>((at, step) => own(at, step)!, holder);
    // A member that the line still has is the last of several with its key.
    if (!Array.isArray(parent) && name !== "root" && own(parent, name) !== undefined && !put.has(p)) continue;
    assert.ok(typeof parent === "object" && parent !== null);
    const value = parsePlain(t.join(""));
    Object.defineProperty(parent, name, { value, enumerable: true, configurable: true, writable: true });
    put.add(p);
  }
  return holder["root"]!;
}

function own(value: Plain, step: string | number): Plain | undefined {
  if (Array.isArray(value)) return value[Number(step)];
  return isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** What a part line may not have. Keys `_lr_…` count only when `input`. */
export function flaws(text: string, input: boolean): string[] {
  const found: string[] = [];
  const visit = (value: JsonValue, depth: number): void => {
    if (value.type === "number" && classifyNumber(value.text).kind === "inexact") found.push("inexact");
    if (value.type === "string" && !isStorable(value.value)) found.push("unstorable");
    if (value.type === "string" && Buffer.byteLength(value.value) > 65_535) found.push("long string");
    if ((value.type === "object" || value.type === "array") && depth > 1000) found.push("deep");
    if (value.type === "array") for (const item of value.items) visit(item, depth + 1);
    if (value.type !== "object") return;
    if (new Set(value.members.map(({ key }) => key)).size < value.members.length) found.push("duplicate");
    for (const member of value.members) {
      if (!isAddressable(member.key)) found.push("key");
      if (input && depth === 1 && member.key.startsWith("_lr_")) found.push("system key");
      visit(member.value, depth + 1);
    }
  };
  visit(parseJson(text), 1);
  return found;
}

/** The merged shapes of part lines by type, in JSON form, by the reference. */
export function shapesOfLines(
  lines: ReadonlyMap<string, readonly string[]>,
  keysPerDepth: readonly number[],
): Record<string, unknown> {
  const shapes = [...lines].map(([type, group]) => {
    const shape = new Shape();
    for (const line of group) mergeShape(shape, shapeOfJson(line, keysPerDepth), keysPerDepth);
    return [type, shapeToJson(shape)] as const;
  });
  return Object.fromEntries(shapes);
}

export function shapesAsJson(shapes: ReadonlyMap<string, Shape>): Record<string, unknown> {
  return Object.fromEntries([...shapes].map(([type, shape]) => [type, shapeToJson(shape)]));
}

/** What must not depend on how a source is cut, or on what was scanned before. */
export function summary({ results, lines, shapes }: Scanned): unknown {
  const sum = (pick: (result: (typeof results)[0]) => number) =>
    results.reduce((total, result) => total + pick(result), 0);
  return {
    lines: Object.fromEntries(lines),
    shapes: shapesAsJson(shapes),
    quarantined: results.flatMap((result) =>
      quarantinedOf(result).map(({ line: number, offset, reason, detail }) => ({
        number,
        offset,
        reason,
        detail,
      })),
    ),
    counts: [
      sum((r) => r.lines),
      sum((r) => r.rows),
      sum((r) => r.dropped),
      sum((r) => r.blank),
      sum((r) => r.normalised),
    ],
    options: options().keysPerDepth,
  };
}

/** Keeps most event types. */
export function fate(type: string): Fate {
  if (type === "a") return "keep";
  return type === "b" ? "drop" : "quarantine";
}

/** Spans of the lines, without their newlines. */

/** The bad lines of a block. */
export function quarantinedOf({ quarantined }: Pick<BlockResult, "quarantined">): QuarantinedLine[] {
  return [...quarantinedLines(quarantined)];
}
