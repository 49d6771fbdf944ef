// The splitter worker: takes source objects from the split queue, several at a time, and writes parts and receipts; from the backfill queue
// when nothing live waits. Composition (which adapters) is the caller's.
import { tmpdir } from "node:os";
import type { Logger } from "pino";
import type { Config } from "../../shared/config/schema.ts";
import type { Lane } from "../../shared/contracts/words.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import type { Metrics } from "../../shared/ports/metrics.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { Consumer, Queue } from "../../shared/ports/queue.ts";
import type { PipelineObserver } from "../../shared/runtime/observer.ts";
import { createEngine, type SplitEngine } from "./engine.ts";
import { handleMessage, type HandlerContext } from "./handle-message.ts";
import { LaneSlots } from "./lane-slots.ts";

export interface SplitterDeps {
  readonly store: ObjectStore;
  readonly splitQueue: Queue;
  /** Old source objects, worked on in lane `backfill`, behind those of the split queue. */
  readonly backfillQueue?: Queue;
  readonly loadQueue: Queue;
  readonly routedBucket: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly observer?: PipelineObserver;
  /** Folder for scratch files. Default: the system's folder for temporary files. */
  readonly scratchFolder?: string;
}

export interface Splitter extends AsyncDisposable {
  /** Begins to receive. Once. */
  start(): void;
  /** Stops receiving and waits for the sources in hand. */
  drain(): Promise<void>;
  /** Gives up the sources in hand; their messages become visible again. */
  abort(): Promise<void>;
  /** Messages in hand. */
  readonly inFlight: number;
  /** As `Consumer.emptyReceives`: of the queue that has the fewest. */
  readonly emptyReceives: number | undefined;
}

export function createSplitter(deps: SplitterDeps, config: Config, lane: Lane): Splitter {
  return new QueueSplitter(deps, config, lane);
}

class QueueSplitter implements Splitter {
  readonly #deps: SplitterDeps;
  readonly #config: Config;
  readonly #engine: SplitEngine;
  readonly #context: HandlerContext;
  readonly #slots: LaneSlots;
  readonly #consumers: Consumer[] = [];

  constructor(deps: SplitterDeps, config: Config, lane: Lane) {
    this.#deps = deps;
    this.#config = config;
    this.#slots = new LaneSlots(config.splitter.concurrent_sources, deps.clock);
    this.#engine = createEngine(config, deps.backfillQueue ? this.#slots.most : undefined);
    const { observer, store, routedBucket, clock, loadQueue, log, metrics } = deps;
    this.#context = {
      store,
      routedBucket,
      config,
      engine: this.#engine,
      clock,
      lane,
      scratchFolder: deps.scratchFolder ?? tmpdir(),
      loadQueue,
      slots: this.#slots,
      log,
      metrics,
      ...(observer ? { observer, onProgress: (...deltas) => observer.split?.(...deltas) } : {}),
    };
  }

  get inFlight(): number {
    return this.#consumers.reduce((sum, consumer) => sum + consumer.inFlight, 0);
  }

  get emptyReceives(): number | undefined {
    const counts = this.#consumers.flatMap(({ emptyReceives }) => emptyReceives ?? []);
    return counts.length === 0 ? undefined : Math.min(...counts);
  }

  start(): void {
    if (this.#consumers.length > 0) throw new RouterError("INTERNAL", "The splitter was started already.");
    const { splitQueue, backfillQueue } = this.#deps;
    this.#consume(splitQueue, this.#context);
    if (backfillQueue) this.#consume(backfillQueue, { ...this.#context, lane: "backfill" });
  }

  #consume(queue: Queue, context: HandlerContext): void {
    const { visibility_seconds: visibilitySeconds } = this.#config.splitter;
    const concurrency = (): number => this.#slots.messages(context.lane);
    const consumer = queue.consume((message, signal) => handleMessage(context, message, signal), {
      concurrency,
      visibilitySeconds,
    });
    this.#consumers.push(consumer);
  }

  async drain(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.drain()));
    await this.#engine[Symbol.asyncDispose]();
  }

  async abort(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.abort()));
    await this.#engine[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}
