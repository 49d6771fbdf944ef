// The pipeline on the embedded adapters: watcher, splitter and loader in one process, each of them optional. What one process leaves
// undone (stopped, killed) is in the queues, in the routed folder and in `pending`, and whoever runs next takes it up.
import type { Logger } from "pino";
import { watchFiles } from "../../shared/adapters/local/folder-watch.ts";
import type { Config } from "../../shared/config/schema.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { SourceRow } from "../../shared/ports/warehouse.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import type { PipelineObserver } from "../../shared/runtime/observer.ts";
import { createLoader, type Loader } from "../../services/loader/create-loader.ts";
import { createSplitter, type Splitter } from "../../services/splitter/splitter.ts";
import { ROUTED_BUCKET } from "../reports/deps.ts";
import { announceFiles } from "./announce-files.ts";
import type { Embedded } from "./open-embedded.ts";
import { asUsage, namedFiles } from "./source-paths.ts";
import type { SummaryMetrics } from "./summary-metrics.ts";

/** Pause between looks at the queues. */
const POLL_MS = 25;

export interface PipelineOptions {
  readonly embedded: Embedded;
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: SummaryMetrics;
  readonly observer: PipelineObserver;
  readonly cwd: string;
  /** Files, folders and globs to read from. */
  readonly paths: readonly string[];
  readonly split: boolean;
  readonly load: boolean;
  /** A file needs nothing: the ledger has settled its present content. */
  onSettled(row: SourceRow): void;
}

export class Pipeline implements AsyncDisposable {
  readonly #options: PipelineOptions;
  readonly #splitter: Splitter | undefined;
  readonly #loader: Loader | undefined;
  /** Keys announced by this process. */
  readonly #announced: string[] = [];

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { embedded, config, log, metrics, observer } = options;
    const common = { ...embedded, routedBucket: ROUTED_BUCKET, metrics, log, observer, clock: systemClock };
    const scratchFolder = embedded.folder.scratch;
    if (options.split) this.#splitter = createSplitter({ ...common, scratchFolder }, config, "live");
    if (options.load) this.#loader = createLoader(common, config);
  }

  /** True while it can work: for `/readyz`. */
  get isReady(): boolean {
    return this.#loader?.status.isWarehouseUp ?? true;
  }

  async start(): Promise<void> {
    await this.#loader?.start();
    this.#splitter?.start();
  }

  /** Announces the files that are there now, and works until nothing is left to do, or the signal fires. */
  async once(signal: AbortSignal): Promise<void> {
    const { paths, cwd } = this.#options;
    if (paths.length > 0)
      await this.#announce(namedFiles(paths, { cwd, ...this.#finding(), signal }), signal);
    while (!(await this.#isDone(signal))) await systemClock.sleep(POLL_MS, signal);
  }

  /** Announces files as they come, and works until the signal fires. */
  async watch(signal: AbortSignal): Promise<void> {
    const { paths, cwd, config } = this.#options;
    const settleSeconds = config.settle_seconds;
    try {
      if (paths.length > 0) {
        const files = watchFiles(paths, { cwd, settleSeconds, ...this.#finding(), signal });
        await this.#announce(files, signal);
      } else await systemClock.sleep(2 ** 31 - 1, signal);
    } catch (error) {
      if (!signal.aborted) throw asUsage(error);
    }
  }

  /** Ends the sources in hand, loads what has been split, stops. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#splitter?.drain();
    while (this.#loader && !(await this.#isLoaded(signal))) await systemClock.sleep(POLL_MS, signal);
    await this.#loader?.drain();
  }

  /** Stops at once. What is in hand is delivered again. */
  async abort(): Promise<void> {
    await Promise.all([this.#splitter?.abort(), this.#loader?.abort()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }

  #finding(): { exclude: readonly string[]; onWarning: (message: string) => void } {
    const { embedded, log } = this.#options;
    return {
      exclude: [embedded.folder.path, embedded.folder.warehouse],
      onWarning: (message) => log.warn({ event: "file_unreadable" }, message),
    };
  }

  async #announce(files: AsyncIterable<{ readonly path: string }>, signal: AbortSignal): Promise<void> {
    const { embedded, observer } = this.#options;
    await announceFiles(
      {
        ...embedded,
        signal,
        onSettled: (row) => this.#options.onSettled(row),
        onAnnounced: (key, bytes) => {
          this.#announced.push(key);
          observer.sourceFound?.(key, bytes);
        },
      },
      files,
    );
  }

  /** Nothing waits, nothing is in hand, and what other processes have in hand (or took to their graves) is not ours. */
  async #isDone(signal: AbortSignal): Promise<boolean> {
    const { embedded } = this.#options;
    if (this.#splitter && !isEmpty(await embedded.splitQueue.depth(signal), this.#splitter.inFlight))
      return false;
    if (this.#loader && !(await this.#isLoaded(signal))) return false;
    const leased =
      (await inFlight(embedded.splitQueue, signal)) + (await inFlight(embedded.loadQueue, signal));
    return leased === 0 || !this.#loader || (await this.#areSettled(signal));
  }

  async #isLoaded(signal: AbortSignal): Promise<boolean> {
    const { loadQueue } = this.#options.embedded;
    this.#loader?.flush();
    await orAbort(this.#loader?.whenIdle(), signal);
    const { visible, delayed } = await loadQueue.depth(signal);
    return visible + delayed === 0;
  }

  /** Whether the ledger has settled every file that this process announced. */
  async #areSettled(signal: AbortSignal): Promise<boolean> {
    const { warehouse } = this.#options.embedded;
    for (let start = 0; start < this.#announced.length; start += 500) {
      const names = this.#announced.slice(start, start + 500).map((key) => ({ bucket: "local", key }));
      const rows = await warehouse.findSources({ names }, signal);
      const settled = new Set(rows.filter(({ state }) => state !== "loading").map(({ key }) => key));
      if (rows.some(({ state }) => state === "loading") || names.some(({ key }) => !settled.has(key)))
        return false;
    }
    return true;
  }
}

function isEmpty({ visible, delayed }: { visible: number; delayed: number }, inHand: number): boolean {
  return visible + delayed + inHand === 0;
}

async function inFlight(queue: Queue, signal: AbortSignal): Promise<number> {
  return (await queue.depth(signal)).inFlight;
}

async function orAbort(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (!work) return;
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
