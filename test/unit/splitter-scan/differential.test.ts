// The scanner against JSON.parse and fatal UTF-8 decoding (what is accepted), against the reference (shapes), and against itself cut otherwise.
import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockScanner } from "../../../services/splitter/scan/block-scanner.ts";
import type { BlockResult } from "../../../services/splitter/scan/contract.ts";
import { judgeLine } from "../../../services/splitter/scan/judge-line.ts";
import { parseJson, type JsonValue } from "../../../shared/shape/parse-json.ts";
import { key, RUNS } from "../shape/arbitraries.ts";
import { parsePlain } from "../shape/plain.ts";
import { file } from "./scan-arbitraries.ts";
import {
  fate,
  flaws,
  linesOf,
  options,
  restore,
  scanBytes,
  shapesAsJson,
  shapesOfLines,
  summary,
  quarantinedOf,
} from "./scan-helpers.ts";

const PATHS = [["event"], ["type"], ["meta", "type"]];
describe("scanner against other means", () => {
  it("accepts, quarantines and writes what JSON.parse says", () => {
    fc.assert(
      fc.property(file, (bytes) => {
        const { results, lines } = scanBytes(bytes);

        const written = new Map(
          [...lines].flatMap(([type, group]) => group.map((out) => [lineNumber(out), { type, out }])),
        );
        const reasons = new Map(
          quarantinedOf(results[0]!).map(({ line: number, reason }) => [number, reason]),
        );
        let normalised = 0;
        splitLines(bytes).forEach((raw, index) => {
          const fate = expectedFate(raw);
          const found = written.get(index + 1);
          assert.equal(
            found ? `row ${found.type}` : (reasons.get(index + 1) ?? "blank"),
            fate,
            raw.toString(),
          );
          if (!found) return;
          normalised += Number(checkRow(raw.toString(), found.out));
        });
        assert.equal(results[0]!.normalised, normalised);
        assert.equal(results[0]!.lines, splitLines(bytes).length);
      }),
      { numRuns: RUNS },
    );
  });

  it("counts every line once and collects the shape of the lines as written", () => {
    fc.assert(
      fc.property(file, fc.array(fc.nat(5), { maxLength: 4 }), (bytes, keysPerDepth) => {
        const { results, lines, shapes } = scanBytes(bytes, { keysPerDepth });

        const { lines: total, rows, quarantined, dropped, blank } = results[0]!;
        assert.equal(total, rows + quarantined.count + dropped + blank);
        assert.deepEqual(shapesAsJson(shapes), shapesOfLines(lines, keysPerDepth));
      }),
      { numRuns: RUNS },
    );
  });

  it("gives the same lines, accounting and shapes however the lines are cut into blocks", () => {
    fc.assert(
      fc.property(file, fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 10 }), (bytes, cuts) => {
        const [whole, cut] = [scanBytes(bytes, { fate }), scanBytes(bytes, { fate }, cuts)];

        assert.deepEqual(summary(cut), summary(whole));
      }),
      { numRuns: RUNS },
    );
  });

  it("judges framed records as it judges lines, whatever stands around them", () => {
    const spans = fc.array(fc.tuple(fc.nat(), fc.nat(300)), { maxLength: 12 });
    fc.assert(
      fc.property(file, spans, (bytes, wanted) => {
        const [firsts, lasts] = [
          splitStarts(bytes),
          wanted.map(([at, size]) => [at % (bytes.length + 1), size] as const),
        ];
        const list = [
          ...firsts,
          ...lasts.map(([at, size]) => [at, Math.min(at + size, bytes.length)] as const),
        ];

        const framed = new BlockScanner(options());
        const result = framed.scanRecords(bytes, Uint32Array.from(list.flat()), 1, 0);

        const single = list.map(([start, end], index) => {
          const verdict = judgeLine(bytes.subarray(start, end), options());
          if (verdict.kind !== "valid")
            return verdict.kind === "blank" ? "blank" : `${verdict.reason} ${verdict.detail}`;
          return `${verdict.eventType} ${index + 1} ${Buffer.from(verdict.body).toString()}`;
        });
        assert.deepEqual(fatesOf(result), single);
      }),
      { numRuns: RUNS },
    );
  });

  it("forgets the keys of objects that have too many, in whatever order they come", () => {
    const object = fc
      .uniqueArray(key, { maxLength: 8 })
      .map((keys) => `{${keys.map((name) => `${JSON.stringify(name)}:{"k${name.length}":1}`).join()}}`);
    const group = fc.array(
      object.map((inner) => `{"event":"a","o":${inner},"p":{"q":${inner}}}`),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(group, (documents) => {
        const keysPerDepth = [4, 6, 3];
        const { lines, shapes } = scanBytes(Buffer.from(documents.join("\n")), { keysPerDepth });

        assert.deepEqual(shapesAsJson(shapes), shapesOfLines(lines, keysPerDepth));
      }),
      { numRuns: RUNS },
    );
  });
});

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  const start = bytes.subarray(0, 3).toString("hex") === "efbbbf" ? 3 : 0;
  for (let at = start; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    lines.push(bytes.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

/** `row <type>`, `blank`, or the reason; JSON.parse and the fatal decoder judge. */
function expectedFate(raw: Buffer): string {
  let document: string;
  try {
    document = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return "invalid_utf8";
  }
  if (/^[ \t\r]*$/.test(document)) return "blank";
  try {
    JSON.parse(document);
  } catch {
    return "invalid_json";
  }
  const root = parseJson(document);
  if (root.type !== "object") return "not_an_object";
  const type = PATHS.map((path) => path.reduce<JsonValue | undefined>(member, root))
    .map(typeText)
    .find((found) => found !== undefined);
  return type === undefined ? "no_event_type" : `row ${type}`;
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return value?.type === "object" ? value.members.findLast((one) => one.key === name)?.value : undefined;
}

function typeText(value: JsonValue | undefined): string | undefined {
  if (value?.type === "number") {
    const { text: digits } = value;
    return /^-?\d+$/.test(digits) && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits)
      ? digits
      : undefined;
  }
  if (value?.type !== "string" || value.value === "" || Buffer.byteLength(value.value) > 200)
    return undefined;
  return value.value.isWellFormed() && !value.value.includes("\0") ? value.value : undefined;
}

/** Checks a part line against the line it comes from; true when it was rewritten. */
function checkRow(raw: string, out: string): boolean {
  const rewritten = flaws(raw, true).length > 0;
  assert.deepEqual(flaws(out, false), []);
  assert.deepEqual(restore(out), parsePlain(raw));
  if (rewritten) return true;
  const rest = raw.trim().slice(1).replaceAll("\r", "");
  assert.ok(rest.trim() === "}" || out.endsWith(`",${rest}`), out);
  return false;
}

function lineNumber(out: string): number {
  return Number(/^\{"_lr_source":"[0-9a-f]{32}","_lr_line":(\d+),/.exec(out)![1]);
}

function splitStarts(bytes: Buffer): (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at);
    spans.push([at, end]);
    at = end + 1;
  }
  return spans;
}

/** Type, line and body of each row, reason and detail of each quarantined line, by line. */
function fatesOf(result: BlockResult): string[] {
  const fates = Array.from({ length: result.lines }, () => "blank");
  for (const { line: number, reason, detail } of quarantinedOf(result))
    fates[number - 1] = `${reason} ${detail}`;
  for (const [type, group] of linesOf([result])) {
    for (const out of group) {
      const head = `"_lr_event_type":${JSON.stringify(type)}`;
      const body = out.slice(out.indexOf(head) + head.length).replace(/^,/, "");
      fates[lineNumber(out) - 1] = `${type} ${lineNumber(out)} ${body}`;
    }
  }
  return fates;
}
