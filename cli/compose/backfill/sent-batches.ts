// What a backfill has sent and has to see settled: on disk, because a prefix may hold more keys than memory.
import { randomBytes } from "node:crypto";
import { mkdir, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectInfo } from "../../../shared/ports/object-store.ts";

/** A source object as it was when it was sent. */
export interface SentObject {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
  readonly lastModified: Date;
}

type Row = readonly [bucket: string, key: string, etag: string, bytes: number, lastModified: number];

export class SentBatches implements AsyncDisposable {
  readonly #file: FileHandle;
  /** Where each batch ends in the file. */
  readonly #ends: number[] = [];

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** A file in this folder that has no name once it is open: nothing stays behind, however the process ends. */
  static async create(folder: string): Promise<SentBatches> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `backfill-${randomBytes(8).toString("hex")}`);
    const file = await open(path, "wx+");
    await rm(path);
    return new SentBatches(file);
  }

  get count(): number {
    return this.#ends.length;
  }

  async add(objects: readonly ObjectInfo[]): Promise<void> {
    const rows = objects.map(({ bucket, key, etag, bytes, lastModified }): Row => [
      bucket,
      key,
      etag,
      bytes,
      lastModified.getTime(),
    ]);
    const text = Buffer.from(JSON.stringify(rows));
    const start = this.#ends.at(-1) ?? 0;
    await this.#file.write(text, 0, text.length, start);
    this.#ends.push(start + text.length);
  }

  /** The n-th batch, from 0. */
  async read(index: number): Promise<SentObject[]> {
    const start = this.#ends[index - 1] ?? 0;
    const text = Buffer.alloc(this.#ends[index]! - start);
    await this.#file.read(text, 0, text.length, start);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
    return (JSON.parse(text.toString()) as Row[]).map(([bucket, key, etag, bytes, at]) => ({
      bucket,
      key,
      etag,
      bytes,
      lastModified: new Date(at),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
