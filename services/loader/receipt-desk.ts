// The receipts in hand, from their message to their end: settled with a row in `sources`, or written to `pending` when they take too long.
import type { Clock } from "../../shared/ports/clock.ts";
import type { PendingRow, SourceRow, UnitKey } from "../../shared/ports/warehouse.ts";
import { unitKey } from "../../shared/warehouse/source-rules.ts";
import { backOffMs } from "./back-off.ts";
import {
  receiptFailed,
  sourceSettled,
  unitFound,
  unitSuperseded,
  unitsPending,
  type Telemetry,
} from "./events.ts";
import type { SourceSettler } from "./source-settler.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";
import { ReceiptWork, type UnitWork, type WorkOrigin } from "./work.ts";

export interface ReceiptDeskOptions {
  readonly gate: WarehouseGate;
  readonly settler: SourceSettler;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
  /** First pause of what went to `pending`; doubles up to an hour. */
  readonly retryMs: number;
  /** The ledger contradicts what the receipt was admitted by: look again from the beginning. */
  readonly readmit: (work: ReceiptWork) => void;
  /** Units have left the batches, or a receipt its hand. */
  readonly onChange: () => void;
}

const LONGEST_PAUSE_MS = 3_600_000;
const MAX_READMISSIONS = 10;

/**
 * Event type of the row of `pending` that stands for the source's own row: once the units left over are loaded, somebody has to settle the
 * source, also when its loader died in between. No unit has an empty event type.
 */
export const SOURCE_ROW_PENDING = "";

export class ReceiptDesk {
  readonly #options: ReceiptDeskOptions;
  readonly #works = new Map<string, ReceiptWork>();
  /** Endings under way. */
  readonly #endings = new Set<Promise<void>>();

  constructor(options: ReceiptDeskOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#works.size;
  }

  /** In the order in which they came. */
  works(): IterableIterator<ReceiptWork> {
    return this.#works.values();
  }

  find(key: string): ReceiptWork | undefined {
    return this.#works.get(key);
  }

  open(key: string, origin: WorkOrigin, more: { attempts?: number; bytes?: number } = {}): ReceiptWork {
    const work = new ReceiptWork(key, origin, this.#options.clock.now().getTime(), more);
    this.#works.set(key, work);
    return work;
  }

  unitLoaded(unit: UnitWork): void {
    unit.state = "loaded";
    this.#unitEnded(unit.work);
  }

  unitFound(unit: UnitWork): void {
    unitFound(this.#options.telemetry, unit.unit, undefined);
    this.unitLoaded(unit);
  }

  unitSuperseded(unit: UnitWork): void {
    unit.state = "superseded";
    unitSuperseded(this.#options.telemetry, unit.unit);
    this.#unitEnded(unit.work);
  }

  /** The last one under way of a receipt that was released takes it out of the hand: what is left comes up again from `pending`. */
  #unitEnded(work: ReceiptWork): void {
    if (work.released) this.#leave(work);
    else this.#finishWhenComplete(work);
  }

  /** The receipt has been admitted; perhaps all of its units are in `loads` already, or it has none. */
  admitted(work: ReceiptWork): void {
    this.#finishWhenComplete(work);
  }

  /** The ledger has this row of the receipt's source in a final state: nothing is left to do. */
  settled(work: ReceiptWork, row: SourceRow, isNew: boolean): void {
    if (isNew) sourceSettled(this.#options.telemetry, row);
    this.#close(work);
  }

  /** The receipt cannot be worked on now; its message goes back to the queue. */
  failed(work: ReceiptWork, error: unknown): void {
    receiptFailed(this.#options.telemetry, work.key, error);
    for (const unit of work.units) if (unit.state === "waiting") unit.state = "left";
    this.#close(work, error);
  }

  #finishWhenComplete(work: ReceiptWork): void {
    if (work.unfinished.length > 0 || work.isEnding || this.#works.get(work.key) !== work) return;
    work.isEnding = true;
    this.#track(this.#finish(work).catch((error: unknown) => this.failed(work, error)));
  }

  async #finish(work: ReceiptWork): Promise<void> {
    const row: SourceRow = { ...work.row!, state: work.isSuperseded ? "replaced" : "loaded" };
    const isWritten = await this.#options.settler.settle(row);
    if (!isWritten) {
      if (++work.rounds > MAX_READMISSIONS) throw new Error(`the ledger keeps contradicting ${work.key}`);
      work.isEnding = false;
      return this.#options.readmit(work);
    }
    if (work.released) await this.#removePending(work);
    this.settled(work, row, true);
  }

  async #removePending(work: ReceiptWork): Promise<void> {
    const keys = [...work.units.map(({ unit }) => unitKey(unit)), sourceKey(work)];
    await this.#options.gate.run((warehouse, signal) => warehouse.removePending(keys, signal));
  }

  /**
   * Writes what is left of these receipts to `pending`; then their messages may go. Units that are being loaded go on, and so does their
   * receipt as long as they do.
   */
  async release(works: readonly ReceiptWork[]): Promise<void> {
    const { gate, telemetry } = this.#options;
    const open = works.filter(
      (work) => work.row && !work.released && !work.isReleasing && work.unfinished.length > 0,
    );
    for (const work of open) work.isReleasing = true;
    const units = open.flatMap((work) => work.unfinished);
    const rows = units.map((unit) => this.#pendingRow(unit.work, unit.unit, unit.lastError));
    const markers = open.map((work) =>
      this.#pendingRow(work, sourceKey(work), "waits for the units of its source"),
    );
    if (rows.length === 0) return;
    try {
      await gate.run((warehouse, signal) => warehouse.putPending([...rows, ...markers], signal));
    } finally {
      for (const work of open) work.isReleasing = false;
    }
    for (const work of open) work.released = true;
    unitsPending(telemetry, rows);
    for (const unit of units) if (unit.state === "waiting") unit.state = "left";
    for (const work of open) this.#leave(work);
  }

  /** Messages are settled; the receipt leaves the hand as soon as none of its units is being loaded. */
  #leave(work: ReceiptWork): void {
    work.end();
    if (work.unfinished.some(({ state }) => state === "loading")) return;
    if (work.unfinished.length > 0) this.#close(work);
    else this.#finishWhenComplete(work);
  }

  /** A load with units of released receipts has failed: they are in `pending`, nothing more is to be done about them here. */
  dropReleased(units: readonly UnitWork[]): void {
    for (const unit of units) {
      if (!unit.work.released || unit.state === "loaded" || unit.state === "superseded") continue;
      unit.state = "left";
      this.#leave(unit.work);
    }
  }

  #pendingRow(work: ReceiptWork, key: UnitKey, lastError: string): PendingRow {
    const { clock, random, retryMs } = this.#options;
    const attempts = work.attempts + 1;
    const now = clock.now();
    return {
      ...unitKey(key),
      receiptKey: work.key,
      attempts,
      lastError: lastError || "not loaded within hold_seconds",
      nextTry: new Date(now.getTime() + backOffMs(attempts, retryMs, LONGEST_PAUSE_MS, random)),
      since: now,
    };
  }

  #close(work: ReceiptWork, error?: unknown): void {
    if (this.#works.get(work.key) === work) this.#works.delete(work.key);
    work.end(error);
    this.#options.onChange();
  }

  #track(ending: Promise<void>): void {
    this.#endings.add(ending);
    void ending.finally(() => this.#endings.delete(ending));
  }

  /** Gives everything back, as at the end of a process that is not allowed to finish. */
  async abandon(error: unknown): Promise<void> {
    for (const work of this.#works.values()) this.#close(work, error);
    await Promise.allSettled(this.#endings);
  }
}

function sourceKey(work: ReceiptWork): UnitKey {
  const { sourceId, generation } = work.row!;
  return { sourceId, generation, eventType: SOURCE_ROW_PENDING };
}
