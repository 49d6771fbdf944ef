// The loader's life: receiving, flushing, draining, aborting.
import type { Config } from "../../shared/config/schema.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Consumer, Outcome, QueueMessage } from "../../shared/ports/queue.ts";
import { composeParts, type LoaderParts } from "./compose-parts.ts";
import { messageForeign, objectsSkipped } from "./events.ts";
import type { Loader, LoaderDeps, LoaderState, LoaderStatus } from "./loader.ts";
import { outcomeOf, receiptsIn } from "./receive-message.ts";

export type { Loader, LoaderDeps, LoaderState, LoaderStatus } from "./loader.ts";

/** Units waiting, above which no more receipts are received. */
const MAX_UNITS = 100_000;
/** How often it is looked whether outcomes have been written. */
const OUTCOME_POLL_MS = 20;

/** See loader.ts. Uses `loader`, `tables`, `routes`, `types`, `exclude`, `hash` and `splitter.keys_per_depth` of the configuration. */
export function createLoader(deps: LoaderDeps, config: Config): Loader {
  return new ComposedLoader(deps, config);
}

class ComposedLoader implements Loader {
  readonly #deps: LoaderDeps;
  readonly #config: Config;
  readonly #parts: LoaderParts;
  readonly #life = new AbortController();
  #state: LoaderState = "idle";
  #consumer: Consumer | undefined;
  #looping: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** Once in a life: who flushes again and again must not wear out the back-off. */
  #hasRetriedPending = false;
  /** Calls of `whenIdle` under way. */
  #waiting = 0;
  #changed = Promise.withResolvers<void>();

  constructor(deps: LoaderDeps, config: Config) {
    this.#deps = deps;
    this.#config = config;
    this.#parts = composeParts(deps, config, this.#life.signal, () => this.#onChange());
  }

  get status(): LoaderStatus {
    return {
      state: this.#state,
      receipts: this.#parts.desk.size,
      units: this.#parts.queues.size,
      loads: this.#parts.loop.runningJobs,
      isWarehouseUp: this.#parts.gate.isOpen,
      emptyReceives: this.#consumer?.emptyReceives,
    };
  }

  async start(): Promise<void> {
    if (this.#state !== "idle") throw new RouterError("INTERNAL", `The loader is ${this.#state}, not idle.`);
    this.#state = "running";
    try {
      await this.#deps.warehouse.prepare(this.#life.signal);
    } catch (error) {
      this.#state = "idle";
      throw error;
    }
    if (this.#life.signal.aborted) return;
    const { concurrent_messages: concurrency, visibility_seconds: visibilitySeconds } = this.#config.loader;
    this.#looping = this.#parts.loop.run();
    this.#consumer = this.#deps.loadQueue.consume((message, signal) => this.#handle(message, signal), {
      concurrency,
      visibilitySeconds,
    });
  }

  flush(): void {
    this.#hurry(true);
    if (!this.#hasRetriedPending && this.#state === "running") void this.#parts.poller.poll("all");
    this.#hasRetriedPending = true;
    this.#parts.loop.wake();
  }

  #hurry(isHurried: boolean): void {
    this.#parts.loop.isHurried = isHurried;
    this.#parts.settler.isHurried = isHurried;
  }

  async whenIdle(): Promise<void> {
    this.#waiting++;
    try {
      await this.#idle();
    } finally {
      this.#waiting--;
      this.#calm();
    }
  }

  async #idle(): Promise<void> {
    for (;;) {
      this.#life.signal.throwIfAborted();
      const changed = this.#changed.promise;
      // Not everything that ends says so (a look into `pending` that finds nothing), so it is looked again.
      if (!this.#isIdle())
        await Promise.race([changed, this.#deps.clock.sleep(OUTCOME_POLL_MS, this.#life.signal)]);
      else if ((this.#consumer?.inFlight ?? 0) > 0)
        await this.#deps.clock.sleep(OUTCOME_POLL_MS, this.#life.signal);
      else if ((await this.#parts.poller.poll()) === 0 && this.#isIdle()) return;
    }
  }

  #isIdle(): boolean {
    const isWorking = this.#parts.admission.isBusy || this.#parts.settler.isBusy || this.#parts.poller.isBusy;
    return (
      this.#parts.gate.isOpen &&
      !isWorking &&
      this.#parts.desk.size + this.#parts.queues.size + this.#parts.loop.runningJobs === 0
    );
  }

  drain(): Promise<void> {
    return (this.#stopping ??= this.#drain());
  }

  async #drain(): Promise<void> {
    this.#state = "draining";
    this.flush();
    await this.#consumer?.drain();
    // What is left is in `pending` already, or comes from there: loads under way may end, nothing new begins.
    await this.#parts.loop.jobsEnded();
    await this.#end();
  }

  async abort(): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "draining";
    const consumer = this.#consumer?.abort();
    await this.#end();
    await consumer;
    await this.#stopping;
  }

  async #end(): Promise<void> {
    const stopped = new RouterError("ABORTED", "The loader was stopped.", { retryable: true });
    this.#life.abort(stopped);
    this.#onChange();
    await this.#parts.desk.abandon(stopped);
    await this.#looping;
    await this.#parts.admission.idle();
    await this.#parts.desk.abandon(stopped);
    await this.#deps.metrics.flush();
    this.#state = "stopped";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  async #handle(message: QueueMessage, signal: AbortSignal): Promise<Outcome> {
    const announced = receiptsIn(message, this.#deps.routedBucket);
    if (announced.kind === "foreign") {
      messageForeign(this.#parts.telemetry, message.id, announced.reason);
      return { kind: "dead", reason: announced.reason };
    }
    objectsSkipped(this.#parts.telemetry, announced.skipped);
    this.#parts.poller.expect();
    const works = announced.objects.map(({ key, bytes }) => {
      const inHand = this.#parts.desk.find(key);
      if (inHand) return inHand;
      const work = this.#parts.desk.open(key, "message", bytes === undefined ? {} : { bytes });
      this.#parts.admission.add(work);
      return work;
    });
    try {
      await unlessAborted(Promise.all(works.map((work) => work.ended)), signal);
      return { kind: "settled" };
    } catch (error) {
      return outcomeOf(error, message.receiveCount);
    }
  }

  /** Nothing is received while the warehouse is away or too much waits. */
  #regulate(): void {
    if (this.#parts.gate.isOpen && this.#parts.queues.size < MAX_UNITS) this.#consumer?.resume();
    else this.#consumer?.pause();
  }

  /** Ends the hurry when nothing is in hand; who waits for the end wants what is received next to be in a hurry, too. */
  #calm(): void {
    if (this.#waiting === 0 && this.#parts.desk.size === 0 && this.#state === "running") this.#hurry(false);
  }

  #onChange(): void {
    this.#regulate();
    this.#calm();
    this.#parts.loop.wake();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Rejects as soon as the signal fires, whatever the work does. */
async function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
