// From part lines to durable parts: compression, and the folder store's put with its fsync.
import { join } from "node:path";
import { FRAME_BYTES } from "../../services/splitter/parts/frame-compressor.ts";
import { createFolderObjectStore, ROUTED_BUCKET } from "../../shared/adapters/local/folder-object-store.ts";
import { partLinesOf, type Stage, type StageInput } from "./stage.ts";

export const COMPRESS: Stage = {
  name: "compress",
  what: "part lines of each event type into zstd frames of 1 MiB, through `parts/compressor.ts`",
  prepare: async (input) => {
    const frames = await framesOf(input);
    // A frame is compressed in place.
    const raw = Buffer.allocUnsafe(FRAME_BYTES);
    return async () => {
      for (const frame of frames) {
        raw.set(frame);
        await input.engine.compressor.compress(raw.subarray(0, frame.length), "zstd", () => undefined);
      }
    };
  },
};

export const WRITE: Stage = {
  name: "write",
  what: "compressed parts put into a folder store: written, synced to disk, renamed",
  prepare: async (input) => {
    const parts: Uint8Array[] = [];
    for (const lines of (await partLinesOf(input)).values()) {
      const frames = cut(lines).map((frame) =>
        input.engine.compressor.compress(Buffer.from(frame), "zstd", (bytes) => new Uint8Array(bytes)),
      );
      parts.push(Buffer.concat(await Promise.all(frames)));
    }
    const store = createFolderObjectStore({ root: join(input.folder, "store") });
    return async (round) => {
      for (const [index, part] of parts.entries()) {
        await store.put({ bucket: ROUTED_BUCKET, key: `parts/${round}/${index}.ndjson.zst` }, part);
      }
    };
  },
};

async function framesOf(input: StageInput): Promise<Buffer[]> {
  return [...(await partLinesOf(input)).values()].flatMap(cut);
}

function cut(lines: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < lines.length; at += FRAME_BYTES) frames.push(lines.subarray(at, at + FRAME_BYTES));
  return frames;
}
