// From stored bytes to blocks: inflate, framing.
import { openFramer } from "../../services/splitter/open-framer.ts";
import { readSource } from "../../services/splitter/read/read-source.ts";
import type { ObjectRead } from "../../shared/ports/object-store.ts";
import { chunksOf, settingsOf, type Stage } from "./stage.ts";

const PIECE_BYTES = 256 * 1024;

export const INFLATE: Stage = {
  name: "inflate",
  what: "gunzip through `read/`, the bytes thrown away",
  prepare:
    async ({ stored, raw }) =>
    async () => {
      const reader = await readSource(objectOf(stored), async () => objectOf(stored));
      let bytes = 0;
      for await (const chunk of reader.chunks) bytes += chunk.length;
      if (bytes !== raw.length) throw new Error(`inflate gave ${bytes} of ${raw.length} bytes`);
    },
};

export const FRAMING: Stage = {
  name: "framing",
  what: "raw bytes into blocks of whole lines, line feeds counted, through `frame/`",
  prepare: async ({ raw, config, engine }) => {
    const chunks = chunksOf(raw);
    return async () => {
      const framer = await openFramer(settingsOf(config), engine.buffers);
      const give = (items: ReturnType<typeof framer.push>): void => {
        for (const item of items) if (item.kind === "block") engine.buffers.give(item.bytes.buffer);
      };
      for (const chunk of chunks) give(framer.push(chunk));
      give(framer.end());
    };
  },
};

function objectOf(stored: Buffer): ObjectRead {
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < stored.length; at += PIECE_BYTES) yield stored.subarray(at, at + PIECE_BYTES);
  }
  return {
    bucket: "local",
    key: "/logs/shop-0001.ndjson.gz",
    etag: "stage",
    bytes: stored.length,
    lastModified: new Date(0),
    body: body(),
  };
}
