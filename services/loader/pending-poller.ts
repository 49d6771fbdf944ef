// Units in `pending` get their next try from here, a receipt at a time, when they are due. While nothing comes and nothing is due, looks become
// rarer: each of them is a query, and would keep a Redshift Serverless workgroup from ever pausing.
import type { Clock } from "../../shared/ports/clock.ts";
import type { PendingRow } from "../../shared/ports/warehouse.ts";
import { backOffMs } from "./back-off.ts";
import { housekeepingFailed, type Telemetry } from "./events.ts";
import type { ReceiptDesk } from "./receipt-desk.ts";
import { messageOf } from "./run-job.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";
import type { ReceiptWork } from "./work.ts";

export interface PendingPollerOptions {
  readonly gate: WarehouseGate;
  readonly desk: ReceiptDesk;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
  readonly retryMs: number;
  /** Longest pause between two looks while nothing happens. */
  readonly idleLookMs: number;
  readonly admit: (work: ReceiptWork) => void;
}

const MAX_ROWS = 1_000;
/** Receipts from `pending` in hand at the same time. */
const MAX_RECEIPTS = 100;
const LONGEST_PAUSE_MS = 3_600_000;

export class PendingPoller {
  readonly #options: PendingPollerOptions;
  #inHand = 0;
  #running: Promise<number> | undefined;
  /** Looks in a row that found nothing due, with nothing coming in between. */
  #quietLooks = 0;
  /** Milliseconds since the epoch. */
  nextAt = 0;

  constructor(options: PendingPollerOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /** Something has come, or was put into `pending`: the next look is soon, and those after it are frequent again. */
  expect(): void {
    this.#quietLooks = 0;
    this.nextAt = Math.min(this.nextAt, this.#options.clock.now().getTime() + this.#pauseMs());
  }

  /** Half to all of the pause, so that many loaders do not look at the same moment. */
  #pauseMs(): number {
    const { retryMs, idleLookMs, random } = this.#options;
    return backOffMs(this.#quietLooks + 1, retryMs, Math.max(retryMs, idleLookMs), random);
  }

  /**
   * Takes up what is due, or what `early` asks for whether it is due or not: everything, or units of some event types. Returns how many
   * receipts that was. Never rejects.
   */
  async poll(early?: "all" | ReadonlySet<string>): Promise<number> {
    while (this.#running) await this.#running;
    this.#running = this.#poll(early).catch((error: unknown) => {
      housekeepingFailed(this.#options.telemetry, "reading pending units", error);
      return 0;
    });
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #poll(early: "all" | ReadonlySet<string> | undefined): Promise<number> {
    const { gate, clock } = this.#options;
    const now = clock.now().getTime();
    this.nextAt = now + this.#pauseMs();
    // Also what is not due yet: it says when to look again. Oldest next tries come first.
    const rows = await gate.run((warehouse, signal) => warehouse.pending({ limit: MAX_ROWS }, signal));
    const due = early ? rows : rows.filter(({ nextTry }) => nextTry.getTime() <= now);
    this.#plan(rows, due, now);
    let taken = 0;
    for (const [key, group] of Map.groupBy(due, (row) => row.receiptKey)) {
      if (this.#inHand >= MAX_RECEIPTS) break;
      if (this.#options.desk.find(key)) continue;
      if (typeof early === "object" && !group.some((row) => early.has(row.eventType))) continue;
      this.#take(key, group);
      taken++;
    }
    return taken;
  }

  #plan(rows: readonly PendingRow[], due: readonly PendingRow[], now: number): void {
    this.#quietLooks = due.length > 0 ? 0 : this.#quietLooks + 1;
    const later = rows.map(({ nextTry }) => nextTry.getTime()).filter((time) => time > now);
    const pause = now + this.#pauseMs();
    this.nextAt = later.length === 0 ? pause : Math.min(pause, Math.min(...later));
  }

  #take(key: string, rows: readonly PendingRow[]): void {
    const attempts = Math.max(...rows.map((row) => row.attempts));
    const work = this.#options.desk.open(key, "pending", { attempts });
    this.#inHand++;
    void this.#follow(work, rows);
    this.#options.admit(work);
  }

  async #follow(work: ReceiptWork, rows: readonly PendingRow[]): Promise<void> {
    const { gate, telemetry } = this.#options;
    try {
      const error = await work.ended.then(
        () => undefined,
        (error: unknown) => error ?? "unknown",
      );
      if (error !== undefined) await this.#postpone(rows, error);
      else if (!work.released) await gate.run((warehouse, signal) => warehouse.removePending(rows, signal));
    } catch (error) {
      // The rows stay as they are, and come up again.
      housekeepingFailed(telemetry, "writing pending units", error);
    } finally {
      this.#inHand--;
    }
  }

  async #postpone(rows: readonly PendingRow[], error: unknown): Promise<void> {
    const { gate, clock, random, retryMs } = this.#options;
    const later = rows.map((row): PendingRow => {
      const attempts = row.attempts + 1;
      const pause = backOffMs(attempts, retryMs, LONGEST_PAUSE_MS, random);
      const nextTry = new Date(clock.now().getTime() + pause);
      return { ...row, attempts, nextTry, lastError: messageOf(error) };
    });
    await gate.run((warehouse, signal) => warehouse.putPending(later, signal));
    this.expect();
  }
}
