// Rows of `sources` on their way into the ledger, many in one call.
import type { SourceRow } from "../../shared/ports/warehouse.ts";
import { sourceText } from "../../shared/warehouse/source-rules.ts";
import { Collector } from "./collector.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";

interface Item {
  readonly row: SourceRow;
  readonly result: PromiseWithResolvers<boolean>;
}

const MAX_ROWS = 500;

export class SourceSettler {
  readonly #gate: WarehouseGate;
  readonly #onCommit: () => void;
  readonly #collector = new Collector<Item>((items) => this.#round(items), MAX_ROWS);

  /** `onCommit` is told of each call, which costs a commit. */
  constructor(gate: WarehouseGate, onCommit: () => void) {
    this.#gate = gate;
    this.#onCommit = onCommit;
  }

  get isBusy(): boolean {
    return this.#collector.isBusy;
  }

  /** False when the row was not written because of a conflict. Rejects with what the warehouse threw. */
  settle(row: SourceRow): Promise<boolean> {
    const result = Promise.withResolvers<boolean>();
    this.#collector.add({ row, result });
    return result.promise;
  }

  async #round(items: readonly Item[]): Promise<void> {
    try {
      // Two rows of one source in one call would make its answer depend on their order: the later waits for the next.
      const [now, later] = firstOfEach(items);
      this.#onCommit();
      const rows = now.map(({ row }) => row);
      const { conflicts } = await this.#gate.run((warehouse, signal) =>
        warehouse.settleSources(rows, signal),
      );
      const refused = new Set(conflicts.map(sourceText));
      for (const { row, result } of now) result.resolve(!refused.has(sourceText(row)));
      for (const item of later) this.#collector.add(item);
    } catch (error) {
      for (const { result } of items) result.reject(error);
    }
  }
}

/** By bucket and key: whoever comes second must see the first. */
function firstOfEach(items: readonly Item[]): [Item[], Item[]] {
  const seen = new Set<string>();
  const now: Item[] = [];
  const later: Item[] = [];
  for (const item of items) {
    const name = JSON.stringify([item.row.bucket, item.row.key]);
    (seen.has(name) ? later : now).push(item);
    seen.add(name);
  }
  return [now, later];
}
