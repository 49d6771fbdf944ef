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
