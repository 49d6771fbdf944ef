// The life of a process that works: opens everything, shows what goes on, stops well, and says how it went.
import { loadConfig } from "../../shared/config/load-config.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { CliContext, ExitCode } from "../context.ts";
import { RunTotals } from "../progress/run-totals.ts";
import { showProgress } from "../progress/show-progress.ts";
import { runReport, type RunReport } from "../reports/run.ts";
import type { ConfigOptions, DataOptions } from "../verb.ts";
import { configSources } from "./config-sources.ts";
import { createLog } from "./create-log.ts";
import { dataFolder } from "./data-folder.ts";
import { serveHealth } from "./serve-health.ts";
import { openEmbedded, type Embedded } from "./open-embedded.ts";
import { Pipeline } from "./pipeline.ts";
import { SummaryMetrics } from "./summary-metrics.ts";

export interface WorkersOptions extends DataOptions, ConfigOptions {
  readonly once?: boolean;
  readonly healthPort?: number;
}

export interface Workers {
  readonly paths: readonly string[];
  readonly split: boolean;
  readonly load: boolean;
}

export interface WorkersResult {
  readonly report: RunReport;
  readonly code: ExitCode;
}

/** Works to the end (`once`) or to the first stop signal. Code 1 when anything is not as it should be; the report says what. */
export async function runWorkers(
  context: CliContext,
  options: WorkersOptions,
  workers: Workers,
): Promise<WorkersResult> {
  const config = loadConfig(configSources(context, options));
  const folder = dataFolder(context.cwd, options);
  const log = createLog(context);
  const totals = new RunTotals();
  const metrics = new SummaryMetrics();
  const started = performance.now();
  using signals = context.signals.listen();
  await using embedded = await openEmbedded(folder, config, {
    onQueueError: (error) => log.warn({ event: "queue_error", code: error.code }, error.message),
  });
  await embedded.warehouse.prepare();
  await using pipeline = new Pipeline({
    embedded,
    config,
    log,
    metrics,
    observer: totals,
    cwd: context.cwd,
    ...workers,
    onSettled: (row) => totals.sourceUnchanged(row),
  });
  await using _health = await serveHealth(options.healthPort, () => pipeline.isReady, log);
  const stop = { ...signals, graceMs: config.shutdown_grace_seconds * 1000 };
  const wasStopped = await work(context, pipeline, totals, log, options.once === true, stop);
  log.info({ event: "metrics", ...metrics.summary() }, "metrics of this run");
  const seconds = (performance.now() - started) / 1000;
  const isStopped = wasStopped && (options.once === true || (await waits(embedded)));
  const report = await runReport({ ...embedded, now: context.now() }, totals, { seconds, isStopped });
  return { report, code: report.problems.length > 0 ? 1 : 0 };
}

/** Whether a watch that was stopped left something for the next one. */
async function waits({ splitQueue, loadQueue }: Embedded): Promise<boolean> {
  const depths = [await splitQueue.depth(), await loadQueue.depth()];
  return depths.some(({ visible, delayed, inFlight }) => visible + delayed + inFlight > 0);
}

interface Stop {
  readonly graceful: AbortSignal;
  readonly forced: AbortSignal;
  readonly graceMs: number;
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
  using _progress = showProgress(context, totals, log);
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

async function drain(pipeline: Pipeline, { forced, graceMs }: Stop): Promise<void> {
  const limit = AbortSignal.any([forced, AbortSignal.timeout(graceMs)]);
  const aborted = Promise.withResolvers<never>();
  const onLimit = (): void =>
    aborted.reject(new RouterError("ABORTED", "stopped before the work in hand was done"));
  if (limit.aborted) onLimit();
  limit.addEventListener("abort", onLimit, { once: true });
  const drained = pipeline.drain(limit);
  try {
    await Promise.race([drained, aborted.promise]);
  } catch (error) {
    if (!limit.aborted) throw error;
    await pipeline.abort();
    await drained.catch(() => undefined);
  } finally {
    limit.removeEventListener("abort", onLimit);
  }
}
