// Objects that are kept in memory, to be put where they belong by another thread.
import type { ObjectRef, ObjectStore, PutResult } from "../../../shared/ports/object-store.ts";

export class CollectedObjects implements Pick<ObjectStore, "put"> {
  readonly #bodies = new Map<string, Uint8Array<ArrayBuffer>>();

  async put({ key }: ObjectRef, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<PutResult> {
    const bytes = body instanceof Uint8Array ? new Uint8Array(body) : await joined(body);
    this.#bodies.set(key, bytes);
    return { created: true, etag: "", bytes: bytes.length };
  }

  /** Hands over an object that was put. */
  take(key: string): Uint8Array<ArrayBuffer> {
    const body = this.#bodies.get(key)!;
    this.#bodies.delete(key);
    return body;
  }
}

/** A chunk may be overwritten when the next one is asked for. */
async function joined(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const copies: Uint8Array[] = [];
  for await (const chunk of chunks) copies.push(new Uint8Array(chunk));
  return new Uint8Array(Buffer.concat(copies));
}
