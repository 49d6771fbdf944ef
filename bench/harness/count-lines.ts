// Counts the lines of what a contestant wrote, without the product's own readers.
import { readFile, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { createGunzip, createZstdDecompress } from "node:zlib";

const NEWLINE = 0x0a;
const GZIP = Buffer.from([0x1f, 0x8b]);

/** Newlines in a file, decompressed when it is gzip or zstd (by its first bytes). */
export async function countLines(file: string): Promise<number> {
  let count = 0;
  await eachChunk(file, (chunk) => (count += newlines(chunk)));
  return count;
}

/** Lines of one of the product's parts by the event type that each says. */
export async function countPartLines(file: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let rest = "";
  await eachChunk(file, (chunk) => {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const type = /^\{"_lr_source":"[0-9a-f]{32}","_lr_line":\d+,"_lr_event_type":"([^"\\]*)"/.exec(
        line,
      )?.[1];
      if (type === undefined) throw new Error(`${file}: no part line: ${line.slice(0, 100)}`);
      counts.set(type, (counts.get(type) ?? 0) + 1);
    }
  });
  if (rest !== "") throw new Error(`${file} ends inside a line`);
  return counts;
}

type TakeChunk = (chunk: Buffer) => void;

async function eachChunk(file: string, take: TakeChunk): Promise<void> {
  const stored = await readFile(file);
  if (stored.length === 0) return;
  if (stored.readUInt32LE(0) === 0xfd2fb528) return eachFrame(stored, take);
  if (stored.subarray(0, 2).equals(GZIP)) return decompressed(createGunzip(), stored, take);
  take(stored);
}

/** Node's decompressor ends after a frame, and files may have many. */
async function eachFrame(stored: Buffer, take: TakeChunk): Promise<void> {
  for (let at = 0; at < stored.length;) {
    const engine = createZstdDecompress();
    await decompressed(engine, stored.subarray(at), take);
    if (engine.bytesWritten === 0) throw new Error("nothing of a zstd frame could be read");
    at += engine.bytesWritten;
  }
}

async function decompressed(
  engine: ReturnType<typeof createGunzip | typeof createZstdDecompress>,
  stored: Buffer,
  take: TakeChunk,
) {
  engine.on("data", take);
  await new Promise<void>((resolve, reject) => {
    engine.once("end", resolve).once("error", reject).end(stored);
  });
}

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/**
 * Lines by event type of a folder of `<event type>.<extension>` files or `event=<event type>/` folders, at any depth; several files of a
 * type are added up.
 */
export async function countByType(folder: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const type = typeOf(relative(folder, path));
    counts.set(type, (counts.get(type) ?? 0) + (await countLines(path)));
  }
  return counts;
}

function typeOf(path: string): string {
  const [first = ""] = path.split(sep);
  if (first.startsWith("event=")) return decodeURIComponent(first.slice("event=".length));
  return first.replace(/\..*$/, "");
}

/** Throws when the lines are not the expected ones, naming the first difference. */
export function assertSameCounts(
  who: string,
  actual: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): void {
  for (const type of new Set([...expected.keys(), ...actual.keys()])) {
    const [has, should] = [actual.get(type) ?? 0, expected.get(type) ?? 0];
    if (has !== should) throw new Error(`${who}: ${has} lines of ${type} instead of ${should}`);
  }
}
