// What a running pipeline tells whoever shows progress (cli/), besides logs and metrics. Every method is optional and cheap.
import type { Receipt } from "../contracts/receipt.ts";
import type { SourceRow } from "../ports/warehouse.ts";

export interface SourceSplit {
  readonly sourceId: string;
  readonly key: string;
  /** False when a receipt was there already and nothing was done again. */
  readonly fresh: boolean;
  readonly state: "split" | "failed" | "ignored";
  readonly reason?: string;
  readonly bytes: number;
  readonly rawBytes: number;
  readonly lines: number;
  readonly quarantined: number;
  readonly dropped: number;
  readonly blank: number;
  readonly types: number;
  readonly parts: number;
}

export interface PipelineObserver {
  /** A source object was announced; `bytes` as stored. */
  sourceFound?(key: string, bytes: number): void;
  /** More of a source has been split: deltas, stored bytes, uncompressed bytes and lines. */
  split?(storedBytes: number, rawBytes: number, lines: number): void;
  sourceSplit?(source: SourceSplit): void;
  /** The loader has read a receipt. It may come more than once, and what it promises may be loaded already. */
  receiptRead?(receipt: Receipt): void;
  /** Rows of one unit were committed to a table. */
  unitLoaded?(unit: {
    eventType: string;
    table: string;
    rows: number;
    rejected: number;
    rescued: number;
  }): void;
  /** Units that could not be loaded and went to `pending`. */
  unitPending?(unit: { eventType: string; error: string }): void;
  sourceSettled?(row: SourceRow): void;
  /** Something a person should know and that is not an error of one source (catch-all overflow, sibling column, rescue). */
  warning?(message: string): void;
}
