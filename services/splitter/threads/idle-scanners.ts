// Scanners of this thread that wait for another source under the settings that they know.
import { SourceScanner, type SourceScan } from "./source-scanner.ts";

/** The last ones used. */
const MAX_IDLE = 8;
const idle: { readonly scan: SourceScan; readonly scanner: SourceScanner }[] = [];

/** A scanner for the source: one that knows its settings, or a new one. */
export function takeScanner(scan: SourceScan): SourceScanner {
  const at = idle.findIndex(
    ({ scan: { settings, config } }) => settings === scan.settings && config === scan.config,
  );
  if (at === -1) return new SourceScanner(scan);
  const { scanner } = idle[at]!;
  idle.splice(at, 1);
  if (scanner.startOver(scan.sourceId)) return scanner;
  scanner.close();
  return new SourceScanner(scan);
}

/** Gives back a scanner that nobody uses any more: once. */
export function giveScanner(scan: SourceScan, scanner: SourceScanner): void {
  idle.push({ scan, scanner });
  if (idle.length > MAX_IDLE) idle.shift()!.scanner.close();
}
