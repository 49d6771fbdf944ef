// What the scenarios share: sources of a few lines, and rows counted.
import type { FaultLab, LabSource } from "../fault-lab.ts";

/** Longest wait for anything; a busy machine needs some of it. */
export const PATIENCE_MS = 60_000;

/** Three lines of each event type, taking turns. */
export function eventLines(...types: readonly string[]): string {
  return [1, 2, 3].flatMap((n) => types.map((event) => JSON.stringify({ event, n }))).join("\n");
}

/** Puts texts under keys of their own. */
export function putter(lab: FaultLab): (text: string) => Promise<LabSource> {
  let sources = 0;
  return async (text) => {
    const source = lab.source(`raw/${(sources += 1)}.ndjson`, text);
    await lab.put(source);
    return source;
  };
}

/** Rows of a source by table. */
export async function rowCounts(lab: FaultLab, { id }: LabSource): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of await lab.rows(id)) {
    const table = text.slice(0, text.indexOf(":"));
    counts[table] = (counts[table] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
