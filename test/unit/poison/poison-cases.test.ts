// The corpus itself, held against JSON.parse and TextDecoder: a fate that the plain parsers contradict is a mistake in the corpus.
import assert from "node:assert/strict";
import { POISON_CASES } from "../../fixtures/poison/cases.ts";
import type { Fate, PoisonCase } from "../../fixtures/poison/poison-case.ts";

const REASONS_BY_JSON = new Set(["invalid_json", "invalid_utf8", "not_an_object", "line_too_long"]);

function isPlainNdjson(poison: PoisonCase): boolean {
  const bytes = poison.bytes();
  const sources = poison.config?.["sources"];
  return (
    poison.state !== "failed" &&
    bytes[0] !== 0x1f &&
    bytes[0] !== 0x28 &&
    !JSON.stringify(sources ?? "").includes("format")
  );
}

function linesOf(bytes: Uint8Array): Buffer[] {
  const lines: Buffer[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = buffer.subarray(0, 3).toString("hex") === "efbbbf" ? 3 : 0;
  for (let end = buffer.indexOf(10, start); end >= 0; end = buffer.indexOf(10, start)) {
    lines.push(buffer.subarray(start, end));
    start = end + 1;
  }
  if (start < buffer.length) lines.push(buffer.subarray(start));
  return lines;
}

/** What the plain parsers say of a line: a reason, blank, or row (routing aside). */
function plainFate(line: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    return "invalid_utf8";
  }
  if (/^[ \t\r]*$/.test(text)) return "blank";
  try {
    const value: unknown = JSON.parse(text);
    return value instanceof Object && !Array.isArray(value) ? "row" : "not_an_object";
  } catch {
    return "invalid_json";
  }
}

function writtenFate(fate: Fate): string {
  if ("blank" in fate) return "blank";
  return "quarantined" in fate && REASONS_BY_JSON.has(fate.quarantined) ? fate.quarantined : "row";
}

describe("poison corpus", () => {
  for (const poison of POISON_CASES.filter(isPlainNdjson)) {
    it(`${poison.name}: says of each line what plain parsers say`, () => {
      const lines = linesOf(poison.bytes());

      assert.equal(lines.length, poison.fates.length);
      for (const [index, fate] of poison.fates.entries()) {
        const written = writtenFate(fate);
        const line = lines[index]!;
        if (written === "line_too_long")
          assert.ok(line.length + line.filter((byte) => byte === 0x7c).length > 3_999_000);
        else assert.equal(plainFate(line), written, `line ${index + 1}`);
      }
    });
  }

  it("names lines that are rows wherever it says what is rescued", () => {
    for (const { name, fates, rescued = [] } of POISON_CASES)
      for (const { line } of rescued) assert.ok("row" in fates[line - 1]!, `${name} line ${line}`);
  });
});
