// The life of a process that works: opens everything, shows what goes on, stops well, and says how it went.
import { configOf } from "../../shared/config/config-of.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { RunTotals } from "../progress/run-totals.ts";
import { showProgress } from "../progress/show-progress.ts";
import { runReport, type RunReport } from "../reports/run.ts";
import type { ConfigOptions, DataOptions, JsonOption, QueueOption } from "../verb.ts";
import type { Adapters } from "./adapters.ts";
import { configSources } from "./config-sources.ts";
import { createLog } from "./create-log.ts";
import { partPaths } from "./list-s3.ts";
import { drain, type Stop } from "./drain.ts";
import { openAdapters } from "./open-adapters.ts";
import { Pipeline } from "./pipeline.ts";
import { serveHealth } from "./serve-health.ts";
import { checkNamedFiles, noPath, unwatched } from "./source-paths.ts";
import { decideSetup, withQueueSetting, type Setup, type Work } from "./setup.ts";
import { workerMetrics } from "./worker-metrics.ts";

export interface WorkersOptions extends DataOptions, ConfigOptions, QueueOption, JsonOption {
  readonly once?: boolean;
  readonly healthPort?: number;
}

export interface Workers {
  readonly paths: readonly string[];
  readonly split: boolean;
  readonly load: boolean;
  /** Without a path there is nothing to do, unless S3 tells a queue of new objects. */
  readonly needsPath?: boolean;
}

export interface WorkersResult {
  readonly report: RunReport;
  readonly code: ExitCode;
  /** False when stdout has had metrics on it. */
  readonly stdoutIsFree: boolean;
}

/** Works to the end (`once`) or to the first stop signal. Code 1 when anything is not as it should be; the report says what. */
export async function runWorkers(
  context: CliContext,
  options: WorkersOptions,
  workers: Workers,
): Promise<WorkersResult> {
  const asked = workOf(workers);
  const config = await configOf(configSources(context, withQueueSetting(options, asked)));
  const setup = decideSetup(context.cwd, options, config, asked);
  const once = options.once === true;
  const isService = isOnSharedQueues(setup) && !once;
  await checkPaths(context, setup, workers, once);
  const log = createLog(context);
  const totals = new RunTotals({ keepIds: !isService });
  const name = asked === "split" ? "splitter" : asked === "load" ? "loader" : "router";
  await using measured = workerMetrics(config, context.stdout, {
    isService: isService && options.json !== true,
    name,
  });
  const { metrics, onRequest } = measured;
  const started = performance.now();
  using signals = context.signals.listen();
  await using adapters = await openAdapters(setup, config, { context, log, work: asked, onRequest });
  const preparing = setup.kind === "embedded" ? adapters.warehouse.prepare() : undefined;
  // The pipeline meets it.
  preparing?.catch(() => undefined);
  await using pipeline = new Pipeline({
    adapters,
    config,
    log,
    metrics,
    observer: totals,
    cwd: context.cwd,
    ...workers,
    once,
    preparing,
    onSettled: (row) => totals.sourceUnchanged(row),
  });
  await using _health = await serveHealth(options.healthPort, () => pipeline.isReady, log);
  const stop = { ...signals, graceMs: config.shutdown_grace_seconds * 1000 };
  const wasStopped = await work(context, pipeline, totals, log, once, stop);
  measured.summarise(log);
  const seconds = (performance.now() - started) / 1000;
  const isStopped = wasStopped && (once || (!isService && (await waits(adapters))));
  const looks = isService ? "none" : setup.kind === "aws" && !setup.warehouse ? "queues" : "all";
  const report = await runReport({ ...adapters, now: context.now() }, totals, { seconds, isStopped, looks });
  // What a service has seen in its life is in its log and metrics; that it was told to stop is no failure.
  const code = isService || report.problems.length === 0 ? 0 : 1;
  return { report, code, stdoutIsFree: !measured.ownsStdout };
}

function workOf({ split, load }: Workers): Work {
  if (split && load) return "run";
  return split ? "split" : "load";
}

function isOnSharedQueues(setup: Setup): boolean {
  return setup.kind === "aws" && setup.queues !== undefined;
}

/** Throws USAGE for paths that nobody would hear of, that nobody else could read, or that are not there. */
async function checkPaths(
  { cwd }: CliContext,
  setup: Setup,
  { paths, needsPath }: Workers,
  once: boolean,
): Promise<void> {
  if (needsPath && paths.length === 0 && !isOnSharedQueues(setup)) throw noPath();
  const { s3, local } = partPaths(paths);
  if (setup.kind === "embedded") return checkNamedFiles(local, { cwd, mayComeLater: !once });
  if (local[0] !== undefined) {
    throw new RouterError(
      "USAGE",
      `${local[0]} is on this machine: with aws.routed_bucket sources are on S3. Copy it there, or leave aws.routed_bucket out.`,
    );
  }
  if (isOnSharedQueues(setup) && s3[0] !== undefined) {
    throw new RouterError(
      "USAGE",
      `${s3[0]}: S3 itself tells the queue of new objects, so no path is given here. For objects that are there already: log-router backfill ${shellQuote(s3[0])}`,
    );
  }
  if (s3[0] !== undefined && !once) throw unwatched(s3[0]);
}

/** Whether a watch that was stopped left something for the next one. */
async function waits({ splitQueue, backfillQueue, loadQueue }: Adapters): Promise<boolean> {
  const depths = [await splitQueue.depth(), await backfillQueue.depth(), await loadQueue.depth()];
  return depths.some(({ visible, delayed, inFlight }) => visible + delayed + inFlight > 0);
}

/** True when a signal ended the work before its time. */
async function work(
  context: CliContext,
  pipeline: Pipeline,
  totals: RunTotals,
  log: ReturnType<typeof createLog>,
  once: boolean,
  stop: Stop,
): Promise<boolean> {
  using _progress = await showProgress(context, totals, () => log);
  await pipeline.start();
  try {
    await (once ? pipeline.once(stop.graceful) : pipeline.watch(stop.graceful));
  } catch (error) {
    if (!stop.graceful.aborted) throw error;
  }
  if (stop.graceful.aborted) {
    log.info({ event: "stopping" }, "finishing the work in hand; a second signal stops at once");
    if (context.stderr.isTTY)
      context.stderr.write("\r\u001b[KFinishing the work in hand; Ctrl-C again stops at once.\n");
  }
  await drain(pipeline, stop);
  return stop.graceful.aborted;
}
