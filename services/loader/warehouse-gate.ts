// Everything that is asked of the warehouse goes through here: while it does not answer, the gate is closed, the consumer paused, and one
// loop pings until it answers again.
import { isRouterError, RouterError } from "../../shared/errors/router-error.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import { WAREHOUSE_SCOPE, type Warehouse } from "../../shared/ports/warehouse.ts";
import { backOffMs } from "./back-off.ts";
import { warehouseAway, warehouseBack, type Telemetry } from "./events.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Repetitions of what failed in a way that may pass: some 15 seconds. */
const RETRIES = 5;

export interface GateOptions {
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly random: () => number;
  readonly telemetry: Telemetry;
  /** Called after every change of `isOpen`. */
  readonly onChange: (isOpen: boolean) => void;
  /** Ends the pinging and everybody's waiting. */
  readonly signal: AbortSignal;
}

export class WarehouseGate {
  readonly #options: GateOptions;
  #closed: Promise<void> | undefined;
  /** When the warehouse came back last, in milliseconds since the epoch; what waited for it is not late for that. */
  backAt = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /**
   * Runs what may be repeated: as often as the warehouse is away, and a few times more when it fails in a way that may pass. Other errors are
   * thrown; so is the signal's reason.
   */
  async run<T>(operation: (warehouse: Warehouse, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { warehouse, signal, clock, random } = this.#options;
    for (let failures = 0; ;) {
      await this.#closed;
      signal.throwIfAborted();
      try {
        return await operation(warehouse, signal);
      } catch (error) {
        if (this.close(error)) continue;
        // What comes through here is about the ledger: while that is locked, nothing can go on.
        if (isRouterError(error, "TABLE_LOCKED")) {
          this.#shut(error);
          continue;
        }
        if (!(error instanceof RouterError) || !error.retryable || ++failures > RETRIES) throw error;
        await clock.sleep(backOffMs(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, random), signal);
      }
    }
  }

  /** Closes the gate when the error says that the warehouse is away; true in that case. */
  close(error: unknown): boolean {
    if (!isAway(error)) return false;
    this.#shut(error);
    return true;
  }

  #shut(error: unknown): void {
    if (this.#closed || this.#options.signal.aborted) return;
    warehouseAway(this.#options.telemetry, error);
    this.#closed = this.#untilBack();
    this.#options.onChange(false);
  }

  /** Never rejects: those who wait look at the signal. */
  async #untilBack(): Promise<void> {
    const { warehouse, clock, random, telemetry, signal } = this.#options;
    const since = clock.now().getTime();
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await clock.sleep(backOffMs(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, random), signal);
        await warehouse.ping(signal);
        break;
      } catch {
        // Still away, whatever it says.
      }
    }
    this.#closed = undefined;
    if (signal.aborted) return;
    this.backAt = clock.now().getTime();
    warehouseBack(telemetry, (this.backAt - since) / 1000);
    this.#options.onChange(true);
  }
}

/** True when the warehouse as a whole is out of reach. A lock on one table is not: the others go on. */
function isAway(error: unknown): boolean {
  if (isRouterError(error, "WAREHOUSE_UNAVAILABLE") || isRouterError(error, "WAREHOUSE_LOCKED")) return true;
  // Expired credentials refuse every request alike, and are renewed some time; no message is to be given up for that.
  return isRouterError(error, "ACCESS_DENIED") && error.details["scope"] === WAREHOUSE_SCOPE;
}
