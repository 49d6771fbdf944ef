// The objects of one attempt at a load, under `loads/<batch>/<attempt>/` in the routed bucket: the list of units, manifests, jsonpaths, checked
// lines. Lists go there so that no statement grows with them. They are removed once the attempt has ended; of one whose end is unknown they
// stay, its transaction may still read them.
import { randomBytes } from "node:crypto";
import type { ObjectStore } from "../../ports/object-store.ts";

export class LoadObjects {
  readonly store: ObjectStore;
  readonly bucket: string;
  /** Random. */
  readonly attempt = randomBytes(8).toString("hex");
  readonly #prefix: string;
  readonly #keys: string[] = [];
  readonly #signal: AbortSignal | undefined;

  constructor(store: ObjectStore, bucket: string, batchId: string, signal?: AbortSignal) {
    this.store = store;
    this.bucket = bucket;
    this.#prefix = `loads/${batchId.replaceAll(/[^A-Za-z0-9_-]/g, "_")}/${this.attempt}/`;
    this.#signal = signal;
  }

  /** Puts an object of the attempt; gives its key. */
  async put(name: string, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
    const key = this.#prefix + name;
    this.#keys.push(key);
    await this.store.put({ bucket: this.bucket, key }, body, this.#signal ? { signal: this.#signal } : {});
    return key;
  }

  putJson(name: string, value: unknown): Promise<string> {
    return this.put(name, Buffer.from(JSON.stringify(value)));
  }

  putLines(name: string, rows: readonly object[]): Promise<string> {
    return this.put(name, Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join("")));
  }

  /** Every file is named: a prefix would also match what stands beside it, and a file that is missing must fail the load. */
  putManifest(
    name: string,
    bucket: string,
    files: readonly { readonly key: string; readonly bytes?: number }[],
  ): Promise<string> {
    const entries = files.map(({ key, bytes }) => ({
      url: `s3://${bucket}/${key}`,
      mandatory: true,
      ...(bytes === undefined ? {} : { meta: { content_length: bytes } }),
    }));
    return this.putJson(name, { entries });
  }

  url(key: string): string {
    return `s3://${this.bucket}/${key}`;
  }

  /** Best effort: what is left over is removed with everything under `loads/` that is old. */
  async remove(): Promise<void> {
    await Promise.allSettled(this.#keys.map((key) => this.store.delete({ bucket: this.bucket, key })));
  }
}
