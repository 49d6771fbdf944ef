// On shared queues nobody can tell from the queues alone that a run has ended: the notification of a receipt may still be on its way. So a
// run remembers what it has split until the ledger has settled it, whoever loaded it.
import type { SourceRow, Warehouse } from "../../shared/ports/warehouse.ts";
import type { PipelineObserver, SourceSplit } from "../../shared/runtime/observer.ts";

/** Sources looked up in the ledger with one read, and pending units looked through. */
const CHUNK = 500;
/** Looks that may find the same sources unsettled: a receipt's message may have been given up. */
const MAX_LOOKS = 120;

export class UnsettledSources implements PipelineObserver {
  readonly #ids = new Set<string>();
  #looks = 0;

  sourceSplit({ sourceId }: SourceSplit): void {
    this.#ids.add(sourceId);
    this.#looks = 0;
  }

  sourceSettled({ sourceId }: SourceRow): void {
    this.#ids.delete(sourceId);
    this.#looks = 0;
  }

  /** Whether all are settled, wait in `pending`, or have been waited for long enough. Asks the ledger only for those that are not known to be. */
  async areSettled(warehouse: Warehouse, signal: AbortSignal): Promise<boolean> {
    const before = this.#ids.size;
    if (before === 0) return true;
    const ids = [...this.#ids];
    for (let start = 0; start < ids.length; start += CHUNK) {
      const rows = await warehouse.findSources({ ids: ids.slice(start, start + CHUNK) }, signal);
      for (const { sourceId, state } of rows) if (state !== "loading") this.#ids.delete(sourceId);
    }
    if (this.#ids.size > 0) {
      for (const { sourceId } of await warehouse.pending({ limit: CHUNK }, signal))
        this.#ids.delete(sourceId);
    }
    this.#looks = this.#ids.size < before ? 0 : this.#looks + 1;
    return this.#ids.size === 0 || this.#looks >= MAX_LOOKS;
  }
}
