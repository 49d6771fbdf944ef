// Speed of the scanner alone, on one core: the shop's sample as it is and in variants, each of which takes another way through the
// scanner; beside them JSON.parse of every line, which collects nothing. `node bench/stages/scan.ts [--mb 24] [--block 256] [--rounds 12]`.
// Find what costs with `node --cpu-prof --cpu-prof-dir DIR bench/stages/scan.ts --only shop`.
import { parseArgs } from "node:util";
import { makeLines } from "../../scripts/sample/make-lines.ts";
import { BlockScanner } from "../../services/splitter/scan/block-scanner.ts";
import type { Fate } from "../../services/splitter/scan/contract.ts";
import { defaultConfig } from "../../shared/config/schema.ts";

const { values: flags } = parseArgs({
  options: {
    mb: { type: "string", default: "24" },
    block: { type: "string", default: "256" },
    rounds: { type: "string", default: "12" },
    only: { type: "string" },
  },
});
const [MB, BLOCK_KB, ROUNDS] = [Number(flags.mb), Number(flags.block), Number(flags.rounds)];

interface Variant {
  readonly name: string;
  readonly types?: number;
  readonly fate?: Fate;
  readonly paths?: readonly string[];
  /** Changes an event's JSON text. */
  readonly change?: (text: string) => string;
}

const VARIANTS: readonly Variant[] = [
  { name: "shop" },
  { name: "shop, every line dropped", fate: "drop" },
  { name: "shop, no line has a type", paths: ["no_such_key"] },
  { name: "5,000 event types", types: 5000 },
  {
    name: "event type last",
    change: typeLast,
  },
  {
    name: "spaces after , and :",
    change: (text) => text.replace(/(":|,")/g, (pair) => (pair === ',"' ? ', "' : '": ')),
  },
  {
    name: "strings beyond ASCII",
    change: (text) => text.replace(/"[^"]*"/g, (string) => string.replace(/a/g, "ä").replace(/i/g, "и")),
  },
  { name: "own keys in every line", change: ownKeys },
  { name: "own keys before the event type", change: (text) => typeLast(ownKeys(text)) },
  { name: "every line invalid", change: (text) => text.slice(0, -1) },
  { name: "every line normalised", change: (text) => text.replace("{", '{"a":1,"a":2,') },
];

let keyNumber = 0;

function typeLast(text: string): string {
  const comma = text.indexOf(",");
  return `{${text.slice(comma + 1, -1)},${text.slice(1, comma)}}`;
}

function ownKeys(text: string): string {
  return `${text.slice(0, -1)},"map":{"id${keyNumber++}":1,"id${keyNumber++}":2}}`;
}

function makeBlocks({ types = 14, change = (text) => text }: Variant): Uint8Array[] {
  const [blocks, lines]: [Uint8Array[], string[]] = [[], []];
  const source = makeLines(1, types, () => 0.7);
  let [bytes, inBlock] = [0, 0];
  while (bytes < MB * 1e6) {
    const { text, kind } = source.next().value;
    const line = `${kind === "event" ? change(text) : text}\n`;
    lines.push(line);
    bytes += line.length;
    inBlock += line.length;
    if (inBlock < BLOCK_KB * 1024) continue;
    blocks.push(new Uint8Array(Buffer.from(lines.join(""))));
    lines.length = inBlock = 0;
  }
  return blocks;
}

/** Each block's best time over the rounds, added up: what the machine's other work costs is left out. */
function bestSeconds(blocks: readonly Uint8Array[], start: () => (block: Uint8Array) => void): number {
  const best = blocks.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    const work = start();
    blocks.forEach((block, index) => {
      const before = performance.now();
      work(block);
      best[index] = Math.min(best[index]!, performance.now() - before);
    });
  }
  return best.reduce((sum, ms) => sum + ms, 0) / 1e3;
}

function scanWork({ fate = "keep", paths }: Variant): (block: Uint8Array) => void {
  const { event_type: defaults, splitter } = defaultConfig();
  const scanner = new BlockScanner({
    sourceId: "0".repeat(32),
    eventTypePaths: (paths ?? [defaults].flat(2)).map((path) => [path]),
    keysPerDepth: splitter.keys_per_depth,
    fate: () => fate,
  });
  let line = 1;
  return (block) => {
    const { segments, lines } = scanner.scan(block, line, line);
    line += lines;
    scanner.recycle(segments.bytes.buffer);
  };
}

function parseWork(block: Uint8Array): void {
  for (const line of Buffer.from(block.buffer).toString().split("\n")) {
    try {
      JSON.parse(line);
    } catch {
      // A line that is no JSON costs what it costs.
    }
  }
}

function report(name: string, blocks: readonly Uint8Array[], seconds: number): void {
  const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
  console.log(`${name.padEnd(34)} ${(bytes / 1e6 / seconds).toFixed(0).padStart(5)} MB/s`);
}

console.log(
  `${MB} MB, blocks of ${BLOCK_KB} KiB, best of ${ROUNDS} rounds by block, Node ${process.version}`,
);
for (const variant of VARIANTS) {
  if (flags.only !== undefined && flags.only !== variant.name) continue;
  const blocks = makeBlocks(variant);
  report(
    variant.name,
    blocks,
    bestSeconds(blocks, () => scanWork(variant)),
  );
  if (variant.name === "shop")
    report(
      "  the same by JSON.parse",
      blocks,
      bestSeconds(blocks, () => parseWork),
    );
}
