// What the stages share: one round of each is the stage's own work over the whole sample, through the doors that the splitter uses, so that
// a change of the splitter that a stage does not follow fails the type check.
import type { SplitEngine } from "../../services/splitter/engine.ts";
import { garbage, type Block } from "../../services/splitter/frame/framed.ts";
import { openFramer } from "../../services/splitter/open-framer.ts";
import { TypesByNumber } from "../../services/splitter/scan/types-by-number.ts";
import { SourceScanner, type ScannedBlock } from "../../services/splitter/threads/source-scanner.ts";
import type { Config } from "../../shared/config/schema.ts";
import { sourceSettings, type SourceSettings } from "../../shared/config/source-settings.ts";
import type { Shape } from "../../shared/shape/shape.ts";

export interface StageInput {
  /** The gz file as it is stored. */
  readonly stored: Buffer;
  /** The same, uncompressed. */
  readonly raw: Buffer;
  readonly config: Config;
  /** One thread. */
  readonly engine: SplitEngine;
  /** A folder of the stage's own. */
  readonly folder: string;
}

export interface Stage {
  readonly name: string;
  /** What is done, for the table in docs/performance.md. */
  readonly what: string;
  /** Makes ready outside of what is measured; what it returns is one round. */
  readonly prepare: (input: StageInput) => Promise<(round: number) => Promise<void> | void>;
}

export const SOURCE_ID = "0".repeat(32);

export function settingsOf(config: Config): SourceSettings {
  return sourceSettings(config, "/logs/shop-0001.ndjson.gz");
}

export function newScanner(config: Config): SourceScanner {
  return new SourceScanner({ sourceId: SOURCE_ID, settings: settingsOf(config), config });
}

/** The raw bytes in the blocks that the framer cuts, each in a buffer of its own. */
export async function blocksOf({ raw, config }: Pick<StageInput, "raw" | "config">): Promise<Block[]> {
  const framer = await openFramer(settingsOf(config), garbage);
  const framed = [...chunksOf(raw).flatMap((chunk) => framer.push(chunk)), ...framer.end()];
  return framed.filter((item) => item.kind === "block");
}

/** As decompression hands them on. */
export function chunksOf(raw: Buffer): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < raw.length; at += CHUNK_BYTES) {
    chunks.push(new Uint8Array(raw.buffer, raw.byteOffset + at, Math.min(CHUNK_BYTES, raw.length - at)));
  }
  return chunks;
}

const CHUNK_BYTES = 1024 * 1024;

/** Scans all blocks; `take` sees each result before its buffer is used again. */
export async function scanAll(
  scanner: SourceScanner,
  blocks: readonly Block[],
  take: (result: ScannedBlock) => void = () => undefined,
): Promise<void> {
  for (const block of blocks) {
    const result = await scanner.scan(block);
    take(result);
    scanner.recycle(result.segments.bytes.buffer);
  }
}

/** The part lines of each event type. */
export async function partLinesOf(input: StageInput): Promise<Map<string, Buffer>> {
  const pieces = new TypesByNumber((eventType) => ({ eventType, some: new Array<Uint8Array>() }));
  let all: ReturnType<typeof pieces.of> = [];
  await scanAll(newScanner(input.config), await blocksOf(input), ({ segments }) => {
    all = pieces.of(segments);
    segments.types.forEach((type, index) => {
      all[type]!.some.push(segments.bytes.slice(segments.spans[index * 2], segments.spans[index * 2 + 1]));
    });
  });
  return new Map(all.map(({ eventType, some }) => [eventType, Buffer.concat(some)]));
}

/** The shapes of the whole sample, as one scanner hands them over. */
export async function shapesOf(input: StageInput): Promise<Map<string, Shape>> {
  const scanner = newScanner(input.config);
  await scanAll(scanner, await blocksOf(input));
  return new Map(scanner.lastShapes());
}
