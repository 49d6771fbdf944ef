// The one step that makes an attempt count: put-if-absent of the receipt, after everything it names is durable.
import { receiptKey, receiptPrefix, parseReceiptKey, shapesKey } from "../../../shared/contracts/keys.ts";
import type { Receipt } from "../../../shared/contracts/receipt.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectInfo, ObjectStore } from "../../../shared/ports/object-store.ts";
import { textBytes, type BuiltReceipt, type TextPiece } from "./build-receipt.ts";

/** A receipt that is there, ours or another's. */
export interface FoundReceipt {
  /** One that was written just now has no shapes here. */
  readonly receipt: Receipt;
  readonly key: string;
  readonly bytes: number;
  /** Of one that was written just now it may be empty. */
  readonly etag: string;
}

/** The receipt of the highest generation of a source, if it has any. */
export async function latestReceipt(
  store: ObjectStore,
  bucket: string,
  source: string,
  signal: AbortSignal,
): Promise<FoundReceipt | undefined> {
  let latest: { info: ObjectInfo; generation: number } | undefined;
  for await (const info of store.list(bucket, receiptPrefix(source), { signal })) {
    const generation = parseReceiptKey(info.key)?.generation ?? -1;
    if (generation > (latest?.generation ?? -1)) latest = { info, generation };
  }
  return latest && readReceipt(store, bucket, latest.info.key, signal);
}

/** Undefined when there is none. */
export async function receiptOf(
  store: ObjectStore,
  bucket: string,
  source: string,
  generation: number,
  signal: AbortSignal,
): Promise<FoundReceipt | undefined> {
  const key = receiptKey(source, generation);
  return (await store.head({ bucket, key }, signal)) && readReceipt(store, bucket, key, signal);
}

/** Writes the sidecar if there is one, then the receipt. The loser of a race gets the winner's, and knows by `isOurs`. */
export async function commitReceipt(
  store: ObjectStore,
  bucket: string,
  built: BuiltReceipt,
  signal: AbortSignal,
): Promise<FoundReceipt & { readonly isOurs: boolean }> {
  const shapes = await writeSidecar(store, bucket, built, signal);
  const receipt = shapes ? { ...built.receipt, shapes } : built.receipt;
  const key = receiptKey(receipt.source.id, receipt.generation);
  const body = encoded(built.text(shapes));
  const { created, etag } = await store.put({ bucket, key }, body, {
    ifAbsent: true,
    signal,
    withoutEtag: true,
  });
  if (created) return { receipt, key, bytes: body.length, etag, isOurs: true };
  return { ...(await readReceipt(store, bucket, key, signal)), isOurs: false };
}

/** In one buffer, without the pieces being in memory twice more. */
function encoded(pieces: readonly TextPiece[]): Buffer {
  const body = Buffer.allocUnsafeSlow(textBytes(pieces));
  let at = 0;
  for (const piece of pieces) {
    if (typeof piece === "string") at += body.write(piece, at);
    else {
      body.set(piece, at);
      at += piece.length;
    }
  }
  return body;
}

async function writeSidecar(
  store: ObjectStore,
  bucket: string,
  { receipt, sidecar }: BuiltReceipt,
  signal: AbortSignal,
): Promise<Receipt["shapes"]> {
  if (!sidecar) return undefined;
  const key = shapesKey(receipt.source.id, receipt.attempt);
  const { bytes } = await store.put({ bucket, key }, await sidecar(), { signal });
  return { key, bytes };
}

async function readReceipt(
  store: ObjectStore,
  bucket: string,
  key: string,
  signal: AbortSignal,
): Promise<FoundReceipt> {
  const body = await store.getBytes({ bucket, key }, signal);
  const etag = (await store.head({ bucket, key }, signal))?.etag ?? "";
  // Only here: most sources have no receipt yet, and the schemas take 50 ms to load.
  const { receiptSchema } = await import("../../../shared/contracts/receipt.ts");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return { receipt: receiptSchema.parse(JSON.parse(text)), key, bytes: body.length, etag };
  } catch (cause) {
    throw new RouterError("RECEIPT_INVALID", `The receipt ${key} is not one that this version can read.`, {
      details: { bucket, key },
      cause,
    });
  }
}
