// What the loader has in hand: receipts, and the units they are made of.
import type { LoadUnit, SourceRow } from "../../shared/ports/warehouse.ts";

/** Where a receipt came from: a message that waits for it, or the `pending` table. */
export type WorkOrigin = "message" | "pending";

/** `waiting`: in a batch. `loading`: in a job. `loaded`, `superseded`, `left` (to `pending`): no longer the loader's concern. */
export type UnitState = "waiting" | "loading" | "loaded" | "superseded" | "left";

export interface UnitWork {
  readonly work: ReceiptWork;
  unit: LoadUnit;
  /** Which queue of batches it waits in. */
  readonly queue: string;
  /** There were too many event types when it was put into the catch-all table's batch, and there it stays. */
  readonly overflow?: boolean;
  /** Where a unit of 0 lines goes: the table whose rows it deletes. Others go by their event type. */
  readonly table?: string;
  state: UnitState;
  /** Loads that have failed since the unit is in hand. */
  failures: number;
  lastError: string;
}

/** One receipt in hand. There is never more than one for a receipt's key in one process. */
export class ReceiptWork {
  readonly key: string;
  readonly origin: WorkOrigin;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Attempts before this one, where it comes from `pending`. */
  readonly attempts: number;
  /** Size of the receipt as far as known, so that not too many large ones are read at the same time. */
  readonly bytes: number;
  /** The row of `sources`, once the receipt has been read. */
  row: SourceRow | undefined;
  units: UnitWork[] = [];
  /** What is left is being written to `pending`; until it is there, the message stays. */
  isReleasing = false;
  /** What is left has been written to `pending`; nobody waits for this work any more. */
  released = false;
  /** Its row is being written. */
  isEnding = false;
  /** Times it went back to the beginning because the ledger said otherwise. */
  rounds = 0;
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    key: string,
    origin: WorkOrigin,
    since: number,
    more: { attempts?: number; bytes?: number } = {},
  ) {
    this.key = key;
    this.origin = origin;
    this.since = since;
    this.attempts = more.attempts ?? 0;
    this.bytes = more.bytes ?? UNKNOWN_BYTES;
    // Nobody may be waiting (work from `pending`); the failure has been told by then.
    this.ended.catch(() => undefined);
  }

  /** Resolves when the receipt's work is durable (its message may be deleted); rejects when it cannot be done now. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(error?: unknown): void {
    if (error === undefined) this.#ended.resolve();
    else this.#ended.reject(error);
  }

  /** Units that are neither loaded nor superseded. */
  get unfinished(): readonly UnitWork[] {
    return this.units.filter(({ state }) => state !== "loaded" && state !== "superseded");
  }

  get isSuperseded(): boolean {
    return this.units.some(({ state }) => state === "superseded");
  }
}

const UNKNOWN_BYTES = 256 * 1024;
