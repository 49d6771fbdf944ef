// The splitter worker: takes source objects from the split queue, several at a time, and writes parts and receipts. Composition (which
// adapters) is the caller's.
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

export interface SplitterDeps {
  readonly store: ObjectStore;
  readonly splitQueue: Queue;
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
}

export function createSplitter(deps: SplitterDeps, config: Config, lane: Lane): Splitter {
  return new QueueSplitter(deps, config, lane);
}

class QueueSplitter implements Splitter {
  readonly #deps: SplitterDeps;
  readonly #config: Config;
  readonly #engine: SplitEngine;
  readonly #context: HandlerContext;
  #consumer: Consumer | undefined;

  constructor(deps: SplitterDeps, config: Config, lane: Lane) {
    this.#deps = deps;
    this.#config = config;
    this.#engine = createEngine(config);
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
      log,
      metrics,
      ...(observer ? { observer, onProgress: (...deltas) => observer.split?.(...deltas) } : {}),
    };
  }

  get inFlight(): number {
    return this.#consumer?.inFlight ?? 0;
  }

  start(): void {
    if (this.#consumer) throw new RouterError("INTERNAL", "The splitter was started already.");
    const { concurrent_sources: concurrency, visibility_seconds: visibilitySeconds } = this.#config.splitter;
    this.#consumer = this.#deps.splitQueue.consume(
      (message, signal) => handleMessage(this.#context, message, signal),
      { concurrency, visibilitySeconds },
    );
  }

  async drain(): Promise<void> {
    await this.#consumer?.drain();
    await this.#engine[Symbol.asyncDispose]();
  }

  async abort(): Promise<void> {
    await this.#consumer?.abort();
    await this.#engine[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.abort();
  }
}
