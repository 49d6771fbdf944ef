// Looks into the routed bucket of a data folder: receipts and quarantine, as files.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readQuarantine } from "../../shared/contracts/quarantine.ts";
import { receiptSchema, type Receipt } from "../../shared/contracts/receipt.ts";

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** All receipts of a data folder, checked against their schema, by source and generation. */
export function receiptsOf(data: string): Receipt[] {
  return filesUnder(join(data, "routed", "receipts")).map((file) =>
    receiptSchema.parse(JSON.parse(readFileSync(file, "utf8"))),
  );
}

export interface BadLine {
  readonly line: number;
  readonly reason: string;
  /** The whole line. */
  readonly bytes: Buffer;
}

/** The quarantined lines of one receipt, in the order of the source. */
export async function quarantinedLines(data: string, receipt: Receipt): Promise<BadLine[]> {
  const lines: BadLine[] = [];
  for (const { key } of receipt.quarantine) {
    const stored = [readFileSync(join(data, "routed", key))];
    for await (const bad of readQuarantine(chunks(stored), Number.POSITIVE_INFINITY))
      lines.push({ line: bad.line, reason: bad.reason, bytes: Buffer.from(bad.raw) });
  }
  return lines.sort((a, b) => a.line - b.line);
}

async function* chunks(stored: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* stored;
}
