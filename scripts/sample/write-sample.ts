// Writes the sample into files, a chunk at a time, so that the size of a sample is bounded by the disk alone.
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip, createZstdCompress } from "node:zlib";
import { makeLines, type SampleLine } from "./make-lines.ts";

export type SampleCompression = "gzip" | "zstd" | "plain" | "mixed";

export interface SampleOptions {
  /** Made when absent; files of the same names are written anew. */
  readonly out: string;
  /** Uncompressed size of all files together. */
  readonly bytes: number;
  readonly types: number;
  readonly seed: number;
  readonly files: number;
  /** `mixed`: gzip, but the second file zstd and the third plain; the third has CRLF line endings in every case. */
  readonly compression: SampleCompression;
  /** Leaves broken and blank lines out. Default false. */
  readonly eventsOnly?: boolean;
}

/** What was written, for whoever wants to check a pipeline's own accounting against it. */
export interface SampleCounts {
  readonly files: string[];
  bytes: number;
  lines: number;
  bad: number;
  blank: number;
  readonly byType: Map<string, number>;
}

const CHUNK_CHARS = 256 * 1024;
const CRLF_FILE = 2;

function fileCompression(compression: SampleCompression, index: number): Exclude<SampleCompression, "mixed"> {
  if (compression !== "mixed") return compression;
  return index === 1 ? "zstd" : index === 2 ? "plain" : "gzip";
}

function compressor(kind: Exclude<SampleCompression, "mixed">): readonly [Transform[], string] {
  if (kind === "gzip") return [[createGzip({ level: 6, chunkSize: 256 * 1024 })], ".gz"];
  if (kind === "zstd")
    return [[createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })], ".zst"];
  return [[], ""];
}

function account(counts: SampleCounts, line: SampleLine): void {
  counts.lines++;
  if (line.kind === "bad") counts.bad++;
  else if (line.kind === "blank") counts.blank++;
  else counts.byType.set(line.eventType, (counts.byType.get(line.eventType) ?? 0) + 1);
}

/** The bytes of one file: lines until `until` bytes of the whole sample are out. */
function* fileChunks(
  lines: Iterator<SampleLine, never>,
  counts: SampleCounts,
  until: number,
  ending: string,
  eventsOnly: boolean,
): Generator<Buffer> {
  let text = "";
  while (counts.bytes < until) {
    const { value: line } = lines.next();
    if (eventsOnly && line.kind !== "event") continue;
    const record = line.text + ending;
    account(counts, line);
    counts.bytes += Buffer.byteLength(record);
    text += record;
    if (text.length < CHUNK_CHARS) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** Writes the files one after the other, in order of time, and says what is in them. */
export async function writeSample(options: SampleOptions): Promise<SampleCounts> {
  await mkdir(options.out, { recursive: true });
  const counts: SampleCounts = { files: [], bytes: 0, lines: 0, bad: 0, blank: 0, byType: new Map() };
  const lines = makeLines(options.seed, options.types, () => Math.min(1, counts.bytes / options.bytes));
  for (let index = 0; index < options.files; index++) {
    const [transforms, extension] = compressor(fileCompression(options.compression, index));
    const file = join(options.out, `shop-${String(index + 1).padStart(4, "0")}.ndjson${extension}`);
    const until = Math.round((options.bytes * (index + 1)) / options.files);
    const ending = index === CRLF_FILE ? "\r\n" : "\n";
    const chunks = fileChunks(lines, counts, until, ending, options.eventsOnly ?? false);
    await pipeline([Readable.from(chunks, { highWaterMark: 4 }), ...transforms, createWriteStream(file)]);
    counts.files.push(file);
  }
  return counts;
}
