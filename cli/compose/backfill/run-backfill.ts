// A backfill from its first listing to the last object settled. Where the queues are this process's own, it works by itself; on shared queues
// the running workers do, and the ledger tells how far they are.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "pino";
import { loadConfig } from "../../../shared/config/load-config.ts";
import type { Config } from "../../../shared/config/schema.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import type { CliContext, ExitCode } from "../../context.ts";
import { RunTotals } from "../../progress/run-totals.ts";
import { showProgress } from "../../progress/show-progress.ts";
import type { BackfillReport } from "../../reports/backfill.ts";
import type { ConfigOptions, DataOptions, QueueOption } from "../../verb.ts";
import type { Adapters } from "../adapters.ts";
import { announceObjects } from "../announce-files.ts";
import { configSources } from "../config-sources.ts";
import { createLog } from "../create-log.ts";
import { dataFolder, hasData } from "../data-folder.ts";
import { drain } from "../drain.ts";
import { partPaths } from "../list-s3.ts";
import { openAdapters } from "../open-adapters.ts";
import { Pipeline } from "../pipeline.ts";
import { decideSetup, withQueueSetting, type Setup } from "../setup.ts";
import { SummaryMetrics } from "../summary-metrics.ts";
import { emptyReport, finishReport } from "./backfill-report.ts";
import { findObjects } from "./find-objects.ts";
import { createPace, parseRate } from "./pace.ts";
import { SentBatches } from "./sent-batches.ts";
import { timeRange, type TimeRange } from "./time-range.ts";
import { watchSent, type WatchCounts } from "./watch-sent.ts";

export interface BackfillOptions extends DataOptions, ConfigOptions, QueueOption {
  readonly since?: string;
  readonly until?: string;
  readonly rate?: string;
  readonly dryRun?: boolean;
  /** False: send, and do not wait. */
  readonly wait: boolean;
}

interface Backfill {
  readonly context: CliContext;
  readonly config: Config;
  readonly options: BackfillOptions;
  readonly paths: readonly string[];
  readonly range: TimeRange;
  readonly adapters: Adapters;
  readonly log: Logger;
  readonly totals: RunTotals;
  readonly report: BackfillReport;
  readonly signal: AbortSignal;
}

/** Code 1 when something that was sent is corrupt, or not settled although it was waited for. */
export async function runBackfill(
  context: CliContext,
  options: BackfillOptions,
  paths: readonly string[],
): Promise<{ report: BackfillReport; code: ExitCode }> {
  const config = loadConfig(configSources(context, withQueueSetting(options, "backfill")));
  const range = timeRange(options, context.now());
  if (options.rate !== undefined) parseRate(options.rate);
  using place = placeFor(decideSetup(context.cwd, options, config, "backfill"), options);
  checkPaths(place.setup, paths);
  const started = performance.now();
  const log = createLog(context);
  using signals = context.signals.listen();
  const work = options.dryRun ? "read" : "backfill";
  await using adapters = await openAdapters(place.setup, config, { context, log, work });
  const totals = new RunTotals({ keepIds: false });
  const report = emptyReport(options.dryRun === true);
  const signal = signals.graceful;
  const backfill = { context, config, options, paths, range, adapters, log, totals, report, signal };
  if (!options.dryRun || place.setup.kind === "embedded") await adapters.warehouse.prepare(signal);
  if (options.dryRun) await announce(backfill, undefined);
  else {
    const stop = { ...signals, graceMs: config.shutdown_grace_seconds * 1000 };
    await sendAndFollow(backfill, (pipeline) => drain(pipeline, stop));
  }
  report.stopped = signal.aborted;
  report.seconds = (performance.now() - started) / 1000;
  return { report, code: report.problems.length > 0 ? 1 : 0 };
}

async function sendAndFollow(backfill: Backfill, end: (pipeline: Pipeline) => Promise<void>): Promise<void> {
  const { context, adapters, options, totals, log, report } = backfill;
  await using sent = await SentBatches.create(adapters.scratchFolder);
  await using pipeline = adapters.isShared ? undefined : workers(backfill);
  using _progress = await showProgress(context, totals, () => log);
  let isComplete = false;
  await pipeline?.start();
  const sending = announce(backfill, sent).finally(() => (isComplete = true));
  let counts: WatchCounts | undefined;
  const sleep = systemClock.sleep.bind(systemClock);
  const follow = { adapters, sent, isComplete: () => isComplete, sleep };
  try {
    if (pipeline) {
      await sending;
      await pipeline.done(backfill.signal);
      counts = await watchSent({ ...follow, once: true, totals: undefined }, backfill.signal);
    } else if (options.wait) {
      const following = watchSent({ ...follow, once: false, totals }, backfill.signal);
      [counts] = await Promise.all([following, sending]);
    } else await sending;
  } catch (error) {
    if (!backfill.signal.aborted) throw error;
  }
  await sending.catch(() => undefined);
  if (pipeline) await end(pipeline);
  await finishReport(report, counts, adapters);
}

function workers({ adapters, config, log, totals, context }: Backfill): Pipeline {
  return new Pipeline({
    adapters,
    config,
    log,
    metrics: new SummaryMetrics(),
    observer: totals,
    cwd: context.cwd,
    paths: [],
    split: true,
    load: true,
    once: true,
    onSettled: () => undefined,
  });
}

/** Finds, and sends what the ledger has not settled; without `sent` only counts. */
async function announce(backfill: Backfill, sent: SentBatches | undefined): Promise<void> {
  const { adapters, options, paths, range, report, totals, log, signal, context } = backfill;
  const objects = findObjects(adapters, paths, {
    cwd: context.cwd,
    range,
    signal,
    onWarning: (message) => log.warn({ event: "file_unreadable" }, message),
    onOutside: () => void (report.outside += 1),
  });
  const pace =
    sent && options.rate !== undefined ? createPace(parseRate(options.rate), systemClock) : undefined;
  await announceObjects(
    {
      store: adapters.store,
      warehouse: adapters.warehouse,
      queue: adapters.backfillQueue,
      signal,
      dryRun: sent === undefined,
      ...(pace ? { pace } : {}),
      onSettled: () => {
        report.found += 1;
        report.settled_before += 1;
      },
      onAnnounced: ({ key, bytes }) => {
        report.found += 1;
        report.sent += 1;
        report.sent_bytes += bytes;
        totals.sourceFound(key, bytes);
      },
      onBatch: async (batch) => sent?.add(batch),
    },
    counted(objects, report),
  );
}

async function* counted<T extends { readonly bytes: number }>(
  objects: AsyncIterable<T>,
  report: BackfillReport,
): AsyncGenerator<T, void, undefined> {
  for await (const object of objects) {
    report.found_bytes += object.bytes;
    yield object;
  }
}

/** A dry run makes no data folder: where there is none yet, nothing has been loaded, and an empty one elsewhere says so. */
function placeFor(setup: Setup, options: BackfillOptions): { readonly setup: Setup } & Disposable {
  if (!options.dryRun || setup.kind !== "embedded" || hasData(setup.folder))
    return { setup, [Symbol.dispose]() {} };
  const data = mkdtempSync(join(tmpdir(), "log-router-dry-run-"));
  return {
    setup: { ...setup, folder: dataFolder("/", { data }) },
    [Symbol.dispose]: () => rmSync(data, { recursive: true, force: true }),
  };
}

function checkPaths(setup: Setup, paths: readonly string[]): void {
  const [local] = partPaths(paths).local;
  if (setup.kind === "aws" && local !== undefined) {
    throw new RouterError(
      "USAGE",
      `${local} is on this machine: with aws.routed_bucket sources are on S3. Write s3://BUCKET/PREFIX.`,
    );
  }
}
