// The shapes of a receipt's event types, from its parts or from its sidecar.
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { z } from "zod";
import { receiptKey } from "../contracts/keys.ts";
import { checkShapesSidecar, type Receipt } from "../contracts/receipt.ts";
import type { ShapeJson } from "../contracts/shape.ts";
import type { ObjectStore } from "../ports/object-store.ts";
import { invalid } from "./read-receipt.ts";

/** Longest sidecar, uncompressed: far above what 5,000 types of the widest shapes come to. */
const MAX_SIDECAR_BYTES = 1024 * 1024 * 1024;

const decompress = promisify(zstdDecompress);

/** Shape by event type. Throws RECEIPT_INVALID when a type has none, and what the store throws. */
export async function readShapes(
  store: ObjectStore,
  bucket: string,
  receipt: Receipt,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ShapeJson>> {
  const shapes = receipt.shapes
    ? await readSidecar(store, bucket, receipt, receipt.shapes.key, signal)
    : shapesInParts(receipt);
  for (const part of receipt.parts) {
    for (const { event_type: type } of part.types) {
      if (!shapes.has(type)) throw invalid(keyOf(receipt), `there is no shape of ${JSON.stringify(type)}`);
    }
  }
  return shapes;
}

function shapesInParts(receipt: Receipt): Map<string, ShapeJson> {
  const shapes = new Map<string, ShapeJson>();
  for (const part of receipt.parts) {
    for (const type of part.types) {
      if (type.shape && !shapes.has(type.event_type)) shapes.set(type.event_type, type.shape);
    }
  }
  return shapes;
}

async function readSidecar(
  store: ObjectStore,
  bucket: string,
  receipt: Receipt,
  key: string,
  signal?: AbortSignal,
): Promise<Map<string, ShapeJson>> {
  const stored = await store.getBytes({ bucket, key }, signal);
  try {
    const raw = await decompress(stored, { maxOutputLength: MAX_SIDECAR_BYTES });
    const sidecar = checkShapesSidecar(JSON.parse(raw.toString("utf8")));
    if (!sidecar.success) throw sidecar.error;
    return new Map(sidecar.data.shapes.map(({ event_type, shape }) => [event_type, shape]));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw invalid(keyOf(receipt), `its sidecar ${key} cannot be read: ${why}`);
  }
}

function keyOf(receipt: Receipt): string {
  return receiptKey(receipt.source.id, receipt.generation);
}
