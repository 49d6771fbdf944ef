// An object of a batch that is written while its bytes come into being: a temporary file, flushed on the way, that gets its name at the end.
import { closeSync } from "node:fs";
import type { GrowingObject, ObjectRef, PutResult } from "../../ports/object-store.ts";
import { etagHash } from "../object-helpers.ts";
import { fileError } from "./file-errors.ts";
import type { LateFlush } from "./late-flush.ts";
import { giveName, openTemporary, removeQuietly, writeInPool } from "./write-file.ts";

export class GrowingFile implements GrowingObject {
  readonly #root: string;
  readonly #ref: ObjectRef;
  readonly #late: LateFlush;
  readonly #onFinished: (result: PutResult) => PutResult;
  readonly #file: number;
  readonly #path: string;
  readonly #hash = etagHash();
  #bytes = 0;
  #isOpen = true;
  #hasName = false;

  /** Opens the file. `ref` is one that may be written; `onFinished` is told when it has its name. */
  constructor(root: string, ref: ObjectRef, late: LateFlush, onFinished: (result: PutResult) => PutResult) {
    this.#onFinished = onFinished;
    this.#root = root;
    this.#ref = ref;
    this.#late = late;
    try {
      ({ file: this.#file, path: this.#path } = openTemporary(root));
    } catch (error) {
      throw fileError("writing", ref, error);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    const writing = writeInPool(this.#file, bytes);
    // Meanwhile.
    this.#hash.update(bytes);
    await writing.catch((error: unknown) => {
      throw fileError("writing", this.#ref, error);
    });
    this.#bytes += bytes.length;
    this.#late.grew(this.#file, bytes.length);
  }

  async finish(): Promise<PutResult> {
    try {
      const options = { ifAbsent: false, names: this.#late };
      const created = await giveName(this.#root, this.#path, this.#ref.key, options);
      this.#hasName = true;
      this.#isOpen = false;
      await this.#late.add(this.#file);
      return this.#onFinished({ created, etag: this.#hash.digest(), bytes: this.#bytes });
    } catch (error) {
      throw fileError("writing", this.#ref, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasName) removeQuietly(this.#path);
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#late.forget(this.#file);
    closeSync(this.#file);
  }
}
