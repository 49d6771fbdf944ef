// Rows of `sources` on their way into the ledger, many in one call.
import type { Clock } from "../../shared/ports/clock.ts";
import type { SourceRow } from "../../shared/ports/warehouse.ts";
import { sourceText } from "../../shared/warehouse/source-rules.ts";
import { Collector } from "./collector.ts";
import type { CommitBudget } from "./commit-budget.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";

interface Item {
  readonly row: SourceRow;
  readonly result: PromiseWithResolvers<boolean>;
}

const MAX_ROWS = 500;

export interface SourceSettlerOptions {
  readonly gate: WarehouseGate;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The share of the commits that calls are made within; rows wait and gather meanwhile. */
  readonly budget: CommitBudget;
  /** Told of each call, which costs a commit. */
  readonly onCommit: () => void;
}

export class SourceSettler {
  readonly #options: SourceSettlerOptions;
  readonly #collector = new Collector<Item>(
    (items) => this.#round(items),
    MAX_ROWS,
    () => this.#turn(),
  );
  #hurry = new AbortController();

  constructor(options: SourceSettlerOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#collector.isBusy;
  }

  /** While in a hurry, rows do not wait for the budget. */
  set isHurried(isHurried: boolean) {
    if (isHurried) this.#hurry.abort();
    else if (this.#hurry.signal.aborted) this.#hurry = new AbortController();
  }

  /** False when the row was not written because of a conflict. Rejects with what the warehouse threw. */
  settle(row: SourceRow): Promise<boolean> {
    const result = Promise.withResolvers<boolean>();
    this.#collector.add({ row, result });
    return result.promise;
  }

  /** What has been waiting is settled together with what comes meanwhile. */
  async #turn(): Promise<void> {
    const { clock, budget, signal, onCommit } = this.#options;
    for (;;) {
      const now = clock.now().getTime();
      if (this.#hurry.signal.aborted || budget.take(now)) break;
      const wake = AbortSignal.any([signal, this.#hurry.signal]);
      await clock.sleep(budget.waitMs(now), wake).catch(() => undefined);
      if (signal.aborted) return;
    }
    onCommit();
  }

  async #round(items: readonly Item[]): Promise<void> {
    try {
      // Two rows of one source in one call would make its answer depend on their order: the later waits for the next.
      const [now, later] = firstOfEach(items);
      const rows = now.map(({ row }) => row);
      const { conflicts } = await this.#options.gate.run((warehouse, signal) =>
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
