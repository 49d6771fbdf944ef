// The framer that a source's format asks for.
import type { SourceSettings } from "../../shared/config/source-settings.ts";
import type { BlockMemory, Framed, Framer } from "./frame/framed.ts";
import { LineFramer, type LineFramerOptions } from "./frame/line-framer.ts";
import { BomSkipper } from "./frame/skip-bom.ts";

/** Frames the source from its first byte; a byte order mark is left out. Without `countsLines`, lines of text are UNCOUNTED. */
export async function openFramer(
  settings: SourceSettings,
  memory: BlockMemory,
  countsLines = true,
): Promise<Framer> {
  const bom = new BomSkipper();
  const framerAt = await framerOf(settings, { memory, countsLines });
  let framer: Framer | undefined;
  const opened = (): Framer => (framer ??= framerAt(bom.skipped));
  const frameStart = (bytes: Uint8Array | undefined): Framed[] => (bytes ? opened().push(bytes) : []);
  return {
    push: (chunk) => (framer ? framer.push(chunk) : frameStart(bom.push(chunk))),
    adopt: (chunk, headroom) => framer?.adopt?.(chunk, headroom),
    end: () => [...frameStart(bom.end()), ...opened().end()],
    endTorn: () => [...frameStart(bom.end()), ...opened().endTorn()],
    close: () => framer?.close(),
    get lines() {
      return framer?.lines ?? 0;
    },
  };
}

/** Opens the format's framer at an offset. Those of rarer formats are loaded when there is such a source. */
async function framerOf(
  settings: SourceSettings,
  options: LineFramerOptions,
): Promise<(startOffset: number) => Framer> {
  if (settings.format === "concatenated") {
    const { ConcatenatedFramer } = await import("./frame/concatenated-framer.ts");
    return (startOffset) => new ConcatenatedFramer(startOffset, options);
  }
  if (settings.format === "records") {
    const { RecordsFramer } = await import("./frame/records-framer.ts");
    return (startOffset) => new RecordsFramer(settings.records, startOffset, options);
  }
  return (startOffset) => new LineFramer(startOffset, options);
}
