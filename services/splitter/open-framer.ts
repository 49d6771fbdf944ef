// The framer that a source's format asks for.
import type { SourceSettings } from "../../shared/config/source-settings.ts";
import { ConcatenatedFramer } from "./frame/concatenated-framer.ts";
import type { Framed, Framer, TakeBuffer } from "./frame/framed.ts";
import { LineFramer, type LineFramerOptions } from "./frame/line-framer.ts";
import { RecordsFramer } from "./frame/records-framer.ts";
import { BomSkipper } from "./frame/skip-bom.ts";

/** Frames the source from its first byte; a byte order mark is left out. Without `countsLines`, lines of text are UNCOUNTED. */
export function openFramer(settings: SourceSettings, takeBuffer: TakeBuffer, countsLines = true): Framer {
  const bom = new BomSkipper();
  let framer: Framer | undefined;
  const opened = (): Framer => (framer ??= framerOf(settings, bom.skipped, { takeBuffer, countsLines }));
  const frameStart = (bytes: Uint8Array | undefined): Framed[] => (bytes ? opened().push(bytes) : []);
  return {
    push: (chunk) => (framer ? framer.push(chunk) : frameStart(bom.push(chunk))),
    adopt: (chunk, headroom) => framer?.adopt?.(chunk, headroom),
    end: () => [...frameStart(bom.end()), ...opened().end()],
    endTorn: () => [...frameStart(bom.end()), ...opened().endTorn()],
    get lines() {
      return framer?.lines ?? 0;
    },
  };
}

function framerOf(settings: SourceSettings, startOffset: number, options: LineFramerOptions): Framer {
  if (settings.format === "concatenated") return new ConcatenatedFramer(startOffset, options);
  if (settings.format === "records") return new RecordsFramer(settings.records, startOffset, options);
  return new LineFramer(startOffset, options);
}
