// What most people would write first in Node: `node bench/contestants/plain-node.ts FILE.gz FOLDER`. gunzip → split2 → JSON.parse → one gzip
// stream (level 1) an event type. The line goes on as it came; a line that is no JSON is left out. Back-pressure is respected: without
// that, memory grows with the file.
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { finished, pipeline } from "node:stream/promises";
import { createGunzip, createGzip, type Gzip } from "node:zlib";
import split2 from "split2";

const [source, folder] = process.argv.slice(2);
if (source === undefined || folder === undefined) throw new Error("usage: plain-node.ts FILE.gz FOLDER");

const outputs = new Map<string, Gzip>();
const written: Promise<void>[] = [];

function outputOf(event: string): Gzip {
  const known = outputs.get(event);
  if (known) return known;
  const gzip = createGzip({ level: 1 });
  const file = createWriteStream(join(folder!, `${event}.ndjson.gz`));
  gzip.pipe(file);
  written.push(finished(file));
  outputs.set(event, gzip);
  return gzip;
}

async function route(lines: AsyncIterable<string>): Promise<void> {
  for await (const line of lines) {
    let event: unknown;
    try {
      event = JSON.parse(line).event;
    } catch {
      continue;
    }
    if (typeof event !== "string") continue;
    const output = outputOf(event);
    if (!output.write(`${line}\n`)) await once(output, "drain");
  }
}

await mkdir(folder, { recursive: true });
await pipeline(createReadStream(source), createGunzip(), split2(/\r?\n/), route);
for (const output of outputs.values()) output.end();
await Promise.all(written);
