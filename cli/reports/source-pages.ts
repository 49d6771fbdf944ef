// The ledger's sources, one after the other, without holding them all.
import type { SourceRow, WarehouseReads } from "../../shared/ports/warehouse.ts";

const PAGE = 500;

/** Every row of `sources` in ascending order of id, then generation. */
export async function* allSources(
  read: Pick<WarehouseReads, "sources">,
  signal?: AbortSignal,
): AsyncGenerator<SourceRow, void, undefined> {
  let after: { sourceId: string; generation: number } | undefined;
  for (;;) {
    const page = await read.sources({ limit: PAGE, ...(after ? { after } : {}) }, signal);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = { sourceId: last.sourceId, generation: last.generation };
  }
}

/** The generation of a source that counts: content that came back while it was loaded leaves an ignored one above it. Ascending rows. */
export function countingRow(rows: readonly SourceRow[]): SourceRow | undefined {
  return rows.findLast(({ state }) => state !== "ignored") ?? rows.at(-1);
}

/** The counting row of every source, in order of id. */
export async function* countingRows(
  read: Pick<WarehouseReads, "sources">,
  signal?: AbortSignal,
): AsyncGenerator<SourceRow, void, undefined> {
  let rows: SourceRow[] = [];
  for await (const row of allSources(read, signal)) {
    const counting = rows[0]?.sourceId === row.sourceId ? undefined : countingRow(rows);
    if (counting) yield counting;
    rows = rows[0]?.sourceId === row.sourceId ? [...rows, row] : [row];
  }
  const counting = countingRow(rows);
  if (counting) yield counting;
}
