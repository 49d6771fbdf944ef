// The pipeline in one process: watcher, splitter and loader, each of them optional. What one process leaves undone (stopped, killed) is in
// the queues, in the routed bucket and in `pending`, and whoever runs next takes it up.
import type { Logger } from "pino";
import type { Config } from "../../shared/config/schema.ts";
import type { ObjectInfo } from "../../shared/ports/object-store.ts";
import type { Metrics } from "../../shared/ports/metrics.ts";
import type { Queue } from "../../shared/ports/queue.ts";
import type { SourceRow } from "../../shared/ports/warehouse.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import type { PipelineObserver } from "../../shared/runtime/observer.ts";
import { createLoader, type Loader } from "../../services/loader/create-loader.ts";
import { createSplitter, type Splitter } from "../../services/splitter/splitter.ts";
import { bothObservers } from "../progress/both-observers.ts";
import type { Adapters } from "./adapters.ts";
import { announceFiles, announceObjects, type AnnounceDeps } from "./announce-files.ts";
import { listS3, partPaths } from "./list-s3.ts";
import { asUsage, namedFiles, unwatched } from "./source-paths.ts";
import { UnsettledSources } from "./unsettled-sources.ts";

/** Depths that SQS tells are approximate: looks in a row that have to find nothing. */
const SHARED_LOOKS = 4;
/**
 * Depths may lag behind by a minute, so the workers themselves must have asked and found nothing as often, in a row. The first may have been
 * under way when the last message was settled.
 */
const EMPTY_RECEIVES = 2;
/** Sources looked up in the ledger with one read. */
const CHUNK = 500;

export interface PipelineOptions {
  readonly adapters: Adapters;
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly observer: PipelineObserver;
  readonly cwd: string;
  /** Files, folders and globs to read from, and `s3://bucket/prefix`. */
  readonly paths: readonly string[];
  readonly split: boolean;
  readonly load: boolean;
  /** It is going to end when nothing is left to do. */
  readonly once: boolean;
  /** The warehouse is being prepared; default: it is. */
  readonly preparing?: Promise<void> | undefined;
  /** A file needs nothing: the ledger has settled its present content. */
  onSettled(row: SourceRow): void;
}

export class Pipeline implements AsyncDisposable {
  readonly #options: PipelineOptions;
  readonly #splitter: Splitter | undefined;
  readonly #loader: Loader | undefined;
  /** Source objects announced by this process. */
  readonly #announced: { bucket: string; key: string }[] = [];
  readonly #unsettled = new UnsettledSources();
  /** Ledger and loader are there. */
  #ready: Promise<void> = Promise.resolve();
  /** Receipts in hand at the last look. */
  #receiptsSeen = 0;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { adapters, config, log, metrics, once, split, load } = options;
    const remembers = adapters.isShared && once && split && load;
    const observer = remembers ? bothObservers(options.observer, this.#unsettled) : options.observer;
    const common = { ...adapters, metrics, log, observer, clock: systemClock };
    if (options.split) this.#splitter = createSplitter(common, config, "live");
    if (options.load) this.#loader = createLoader(common, config);
  }

  /** True while it can work: for `/readyz`. */
  get isReady(): boolean {
    return this.#loader?.status.isWarehouseUp ?? true;
  }

  async start(): Promise<void> {
    this.#ready = this.#startLoader();
    // Met by whoever needs them: the first files are read, which takes as long.
    if (this.#options.once) this.#ready.catch(() => undefined);
    else await this.#ready;
    this.#splitter?.start();
  }

  async #startLoader(): Promise<void> {
    await this.#options.preparing;
    await this.#loader?.start();
  }

  /** Announces the files that are there now, and works until nothing is left to do, or the signal fires. */
  async once(signal: AbortSignal): Promise<void> {
    const { adapters, cwd } = this.#options;
    const { s3, local } = partPaths(this.#options.paths);
    const announcing = this.#announcing(signal);
    if (local.length > 0)
      await announceFiles(announcing, namedFiles(local, { cwd, ...this.#finding(), signal }));
    if (s3.length > 0) await announceObjects(announcing, listS3({ ...adapters, signal }, s3));
    await this.done(signal);
  }

  /** Works until nothing is left to do, or the signal fires. */
  async done(signal: AbortSignal): Promise<void> {
    const { pollMs, isShared } = this.#options.adapters;
    await this.#ready;
    for (let quiet = 0; ;) {
      quiet = (await this.#isDone(signal)) ? quiet + 1 : 0;
      if (quiet >= (isShared ? SHARED_LOOKS : 1)) return;
      await systemClock.sleep(pollMs, signal);
    }
  }

  /** Announces files as they come, and works until the signal fires. */
  async watch(signal: AbortSignal): Promise<void> {
    const { cwd, config } = this.#options;
    const { s3, local } = partPaths(this.#options.paths);
    const settleSeconds = config.settle_seconds;
    if (s3[0] !== undefined) throw unwatched(s3[0]);
    try {
      if (local.length > 0) {
        const { watchFiles } = await import("../../shared/adapters/local/folder-watch.ts");
        const files = watchFiles(local, { cwd, settleSeconds, ...this.#finding(), signal });
        await announceFiles(this.#announcing(signal), files);
      } else await systemClock.sleep(2 ** 31 - 1, signal);
    } catch (error) {
      if (!signal.aborted) throw asUsage(error);
    }
  }

  /** Ends the sources in hand, loads what has been split (on shared queues: what is in hand), stops. */
  async drain(signal: AbortSignal): Promise<void> {
    const { pollMs, isShared } = this.#options.adapters;
    await this.#splitter?.drain();
    await this.#ready;
    if (!isShared) {
      while (this.#loader && !(await this.#isLoaded(signal))) await systemClock.sleep(pollMs, signal);
    }
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
    const { adapters, log } = this.#options;
    return {
      exclude: adapters.ownPaths,
      onWarning: (message) => log.warn({ event: "file_unreadable" }, message),
    };
  }

  #announcing(signal: AbortSignal): AnnounceDeps {
    const { adapters, observer } = this.#options;
    return {
      ...adapters,
      queue: adapters.splitQueue,
      ready: this.#ready,
      signal,
      onSettled: (row) => this.#options.onSettled(row),
      onAnnounced: ({ bucket, key, bytes }: ObjectInfo) => {
        this.#announced.push({ bucket, key });
        observer.sourceFound?.(key, bytes);
      },
    };
  }

  /** Nothing waits, nothing is in hand, and what other processes have in hand (or took to their graves) is not ours. */
  async #isDone(signal: AbortSignal): Promise<boolean> {
    const { splitQueue, backfillQueue, loadQueue, isShared } = this.#options.adapters;
    if (this.#splitter) {
      if (!isEmpty(await splitQueue.depth(signal), this.#splitter.inFlight)) return false;
      if (!isEmpty(await backfillQueue.depth(signal), 0)) return false;
    }
    if (this.#loader && !(await this.#isLoaded(signal))) return false;
    if (isShared && !this.#hasAskedInVain()) return false;
    if (isShared) return this.#unsettled.areSettled(this.#options.adapters.warehouse, signal);
    const leased =
      (await inFlight(splitQueue, signal)) +
      (await inFlight(backfillQueue, signal)) +
      (await inFlight(loadQueue, signal));
    return leased === 0 || !this.#loader || (await this.#areSettled(signal));
  }

  #hasAskedInVain(): boolean {
    const counts = [this.#splitter?.emptyReceives, this.#loader?.status.emptyReceives];
    return counts.every((count) => count === undefined || count >= EMPTY_RECEIVES);
  }

  async #isLoaded(signal: AbortSignal): Promise<boolean> {
    const { loadQueue, isShared } = this.#options.adapters;
    const { receipts = 0 } = this.#loader?.status ?? {};
    const stillCome = receipts > this.#receiptsSeen;
    this.#receiptsSeen = receipts;
    // Each load costs a dozen calls there: batches fill as long as receipts come.
    if (isShared && stillCome) return false;
    this.#loader?.flush();
    await orAbort(this.#loader?.whenIdle(), signal);
    const { visible, delayed } = await loadQueue.depth(signal);
    return visible + delayed === 0;
  }

  /** Whether the ledger has settled every file that this process announced. */
  async #areSettled(signal: AbortSignal): Promise<boolean> {
    const { warehouse } = this.#options.adapters;
    for (let start = 0; start < this.#announced.length; start += CHUNK) {
      const names = this.#announced.slice(start, start + CHUNK);
      const rows = await warehouse.findSources({ names }, signal);
      const settled = new Set(rows.filter(({ state }) => state !== "loading").map(nameOf));
      if (rows.some(({ state }) => state === "loading") || names.some((name) => !settled.has(nameOf(name))))
        return false;
    }
    return true;
  }
}

function nameOf({ bucket, key }: { bucket: string; key: string }): string {
  return JSON.stringify([bucket, key]);
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
