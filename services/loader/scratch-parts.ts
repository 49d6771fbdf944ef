// Parts of the loader's own making: some lines of a part, byte for byte, under `loads/`. A line that the warehouse's reader stumbles over
// cannot be left out by a condition on its number; it has to be left out of the file.
import { randomBytes } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { createZstdCompress } from "node:zlib";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadUnit, UnitPart } from "../../shared/ports/warehouse.ts";
import { readUnitLines } from "./part-lines.ts";

const NEWLINE = Buffer.from("\n");

export class ScratchParts {
  readonly #store: ObjectStore;
  readonly #bucket: string;
  readonly #keys = new Set<string>();

  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  /** A part with those lines of `part` that are kept, in order; one line in memory at a time. */
  async write(
    unit: Pick<LoadUnit, "sourceId" | "eventType">,
    part: UnitPart,
    isKept: (line: number) => boolean,
    signal: AbortSignal,
  ): Promise<UnitPart> {
    // As the objects of an attempt at a load are named, which `gc` knows.
    const key = `loads/scratch/${randomBytes(8).toString("hex")}/000000.ndjson.zst`;
    this.#keys.add(key);
    let lines = 0;
    const [store, bucket] = [this.#store, this.#bucket];
    async function* kept(): AsyncGenerator<Buffer, void, undefined> {
      for await (const { line, bytes } of readUnitLines(store, bucket, unit, part, signal)) {
        if (!isKept(line)) continue;
        lines++;
        yield Buffer.concat([bytes, NEWLINE]);
      }
    }
    // A failure reaches the reader of the compressed side, which is `put`.
    const compressed = pipeline(Readable.from(kept()), createZstdCompress(), () => undefined);
    const { bytes } = await store.put({ bucket, key }, compressed, { signal });
    return { key, bytes, lines, compression: "zstd" };
  }

  /** Removes one, or all. What cannot be removed is left: nothing names it. */
  async remove(part?: UnitPart): Promise<void> {
    const keys = part ? [part.key] : [...this.#keys];
    for (const key of keys) {
      this.#keys.delete(key);
      await this.#store.delete({ bucket: this.#bucket, key }).catch(() => undefined);
    }
  }
}
