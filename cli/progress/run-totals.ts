// What a run has done so far, gathered from the pipeline's observer: the one source of progress bar, log lines and closing table.
import type { Receipt } from "../../shared/contracts/receipt.ts";
import type { SourceRow } from "../../shared/ports/warehouse.ts";
import type { PipelineObserver, SourceSplit } from "../../shared/runtime/observer.ts";
import { Promises } from "./promises.ts";

export interface TypeTotals {
  readonly eventType: string;
  readonly tables: Set<string>;
  rows: number;
  rejected: number;
  rescued: number;
}

/** Distinct warnings and failures kept for the end of the run. */
const KEPT = 100;

export class RunTotals implements PipelineObserver {
  /** Sources announced and their stored bytes. */
  found = 0;
  foundBytes = 0;
  /** Stored and uncompressed bytes, and lines, split so far. */
  storedBytes = 0;
  rawBytes = 0;
  lines = 0;
  /** Sources split in this run; those whose receipt was there already are not new. */
  fresh = 0;
  known = 0;
  quarantined = 0;
  dropped = 0;
  blank = 0;
  /** Files whose content the ledger had settled before this run. */
  unchanged = 0;
  /** Ids of the sources that this run has worked on. */
  readonly ids = new Set<string>();
  /** Of the receipts that this run has loaded. */
  readonly promises = new Promises();
  readonly #keepIds: boolean;
  /** False where nothing is going to be loaded. */
  readonly loads: boolean;
  readonly failed: { key: string; reason: string }[] = [];
  failedCount = 0;
  settled = 0;
  pendingUnits = 0;
  lastPendingError: string | undefined;
  readonly types = new Map<string, TypeTotals>();
  readonly warnings = new Set<string>();

  /** `keepIds`: false for a service, whose life has no end. `loads`: default true. */
  constructor({
    keepIds = true,
    loads = true,
  }: { readonly keepIds?: boolean; readonly loads?: boolean } = {}) {
    this.#keepIds = keepIds;
    this.loads = loads;
  }

  get sourcesSplit(): number {
    return this.fresh + this.known;
  }

  sourceFound(_key: string, bytes: number): void {
    this.found += 1;
    this.foundBytes += bytes;
  }

  split(storedBytes: number, rawBytes: number, lines: number): void {
    this.storedBytes += storedBytes;
    this.rawBytes += rawBytes;
    this.lines += lines;
  }

  sourceSplit(source: SourceSplit): void {
    this.#touched(source.sourceId);
    if (!source.fresh) {
      this.known += 1;
      return;
    }
    this.fresh += 1;
    this.quarantined += source.quarantined;
    this.dropped += source.dropped;
    this.blank += source.blank;
    if (source.state === "failed") this.sourceFailed(source.key, source.reason);
  }

  /** Its content was settled before this run; a failed source stays failed until it is repaired. */
  sourceUnchanged(row: SourceRow): void {
    this.unchanged += 1;
    if (row.state === "failed") this.sourceFailed(row.key, row.reason);
  }

  sourceFailed(key: string, reason = "its bytes are corrupt"): void {
    this.failedCount += 1;
    if (this.failed.length < KEPT) this.failed.push({ key, reason });
  }

  receiptRead(receipt: Receipt): void {
    if (this.#keepIds) this.promises.add(receipt);
  }

  unitLoaded(unit: {
    eventType: string;
    table: string;
    rows: number;
    rejected: number;
    rescued: number;
  }): void {
    let totals = this.types.get(unit.eventType);
    if (!totals) {
      totals = { eventType: unit.eventType, tables: new Set(), rows: 0, rejected: 0, rescued: 0 };
      this.types.set(unit.eventType, totals);
    }
    totals.tables.add(unit.table);
    totals.rows += unit.rows;
    totals.rejected += unit.rejected;
    totals.rescued += unit.rescued;
  }

  #touched(sourceId: string): void {
    if (this.#keepIds) this.ids.add(sourceId);
  }

  unitPending(unit: { eventType: string; error: string }): void {
    this.pendingUnits += 1;
    this.lastPendingError = unit.error;
  }

  sourceSettled(row: SourceRow): void {
    this.#touched(row.sourceId);
    this.settled += 1;
  }

  warning(message: string): void {
    if (this.warnings.size < KEPT) this.warnings.add(message);
  }

  get rows(): number {
    return [...this.types.values()].reduce((sum, { rows }) => sum + rows, 0);
  }
}
