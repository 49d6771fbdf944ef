// Finding receipts without knowing their generation, and walking over all of them.
import { parseReceiptKey, receiptPrefix } from "../contracts/keys.ts";
import type { Receipt } from "../contracts/receipt.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { readReceipt } from "./read-receipt.ts";

export interface ReceiptRef {
  readonly key: string;
  readonly sourceId: string;
  readonly generation: number;
  readonly bytes: number;
  readonly writtenAt: Date;
}

/**
 * Every receipt of the bucket, one after the other, the generations of a source side by side (in the order of key bytes: 0, 1, 10, 2).
 * Objects under `receipts/` whose key is no receipt's are passed over. Nothing is held in memory.
 */
export async function* listReceipts(
  store: ObjectStore,
  bucket: string,
  options: { readonly sourceId?: string; readonly startAfter?: string; readonly signal?: AbortSignal } = {},
): AsyncGenerator<ReceiptRef, void, undefined> {
  const { sourceId, ...rest } = options;
  const prefix = sourceId === undefined ? "receipts/" : receiptPrefix(sourceId);
  for await (const object of store.list(bucket, prefix, rest)) {
    const named = parseReceiptKey(object.key);
    if (!named) continue;
    yield {
      key: object.key,
      sourceId: named.source,
      generation: named.generation,
      bytes: object.bytes,
      writtenAt: object.lastModified,
    };
  }
}

/** The receipt of a source's highest generation; undefined when the source has none. Throws as `readReceipt`. */
export async function latestReceipt(
  store: ObjectStore,
  bucket: string,
  sourceId: string,
  signal?: AbortSignal,
): Promise<Receipt | undefined> {
  let latest: ReceiptRef | undefined;
  for await (const ref of listReceipts(store, bucket, { sourceId, ...(signal ? { signal } : {}) })) {
    if (!latest || ref.generation > latest.generation) latest = ref;
  }
  return latest && (await readReceipt(store, bucket, latest.key, signal));
}
