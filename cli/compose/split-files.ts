// Splits files into a folder, without queues or a warehouse.
import { join } from "node:path";
import type { Logger } from "pino";
import { byBucket } from "../../shared/adapters/by-bucket-object-store.ts";
import { createFolderObjectStore } from "../../shared/adapters/local/folder-object-store.ts";
import { configOf } from "../../shared/config/config-of.ts";
import { isRouterError } from "../../shared/errors/router-error.ts";
import type { ObjectInfo, ObjectStore } from "../../shared/ports/object-store.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createEngine } from "../../services/splitter/engine.ts";
import { SourcePlaces } from "../../services/splitter/source-places.ts";
import { splitSource, type SplitContext, type SplitOutcome } from "../../services/splitter/split-source.ts";
import type { CliContext } from "../context.ts";
import { RunTotals } from "../progress/run-totals.ts";
import { showProgress } from "../progress/show-progress.ts";
import { LOCAL_BUCKET, ROUTED_BUCKET } from "../reports/deps.ts";
import type { SplitReport } from "../reports/split.ts";
import type { ConfigOptions } from "../verb.ts";
import { configSources } from "./config-sources.ts";
import { listS3, partPaths } from "./list-s3.ts";
import { checkNamedFiles, namedFiles } from "./source-paths.ts";

/** Splits several files at a time (`splitter.concurrent_sources`; more of small ones). A file that fails does not hold up the others. */
export async function splitFiles(
  context: CliContext,
  options: ConfigOptions,
  out: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<SplitReport> {
  const config = await configOf(configSources(context, options));
  const { s3, local } = partPaths(paths);
  await checkNamedFiles(local, { cwd: context.cwd });
  const folder = createFolderObjectStore({ root: out });
  using aws = s3.length > 0 ? await openS3(config.aws.region, context) : undefined;
  const store = aws ? byBucket([LOCAL_BUCKET, ROUTED_BUCKET], folder, () => aws.store) : folder;
  const sources = namedSources(store, paths, context.cwd, out, signal);
  const totals = new RunTotals({ keepIds: false, loads: false });
  const report = emptyReport();
  const started = performance.now();
  await using engine = createEngine(config);
  const splitting: SplitContext = {
    store,
    routedBucket: ROUTED_BUCKET,
    config,
    engine,
    clock: systemClock,
    lane: "live",
    scratchFolder: join(out, ".scratch"),
    onProgress: (...deltas) => totals.split(...deltas),
  };
  const split = async ({ bucket, key, bytes }: Source): Promise<void> => {
    engine.scanners.expect(bytes);
    try {
      const outcome = await splitSource(splitting, { ref: { bucket, key } }, signal);
      if (outcome.kind === "existing") totals.known++;
      else totals.fresh++;
      add(report, outcome);
    } catch (error) {
      if (signal.aborted || !isRouterError(error)) throw error;
      report.failures.push({ key, reason: error.message });
    }
  };
  {
    using _progress = await showProgress(context, totals, () => openLog(context));
    await splitAll(sources, totals, config.splitter.concurrent_sources, split);
  }
  report.seconds = (performance.now() - started) / 1000;
  return report;
}

/** Rejects with the first error, when what was in work has ended. */
async function splitAll(
  sources: AsyncIterable<Source>,
  totals: RunTotals,
  concurrency: number,
  split: (source: Source) => Promise<void>,
): Promise<void> {
  const places = new SourcePlaces(concurrency);
  const inWork = new Set<Promise<void>>();
  const failed: unknown[] = [];
  try {
    for await (const source of sources) {
      totals.sourceFound(source.key, source.bytes);
      const work: Promise<void> = places
        .run(source.bytes, () => split(source))
        .catch((error: unknown) => void failed.push(error))
        .finally(() => inWork.delete(work));
      inWork.add(work);
      await places.free();
      if (failed.length > 0) break;
    }
  } finally {
    await Promise.all(inWork);
  }
  if (failed.length > 0) throw failed[0];
}

/** Only a run of ten seconds has anything to log. */
async function openLog(context: CliContext): Promise<Logger> {
  const { createLog } = await import("./create-log.ts");
  return createLog(context);
}

/** The SDK is loaded only for sources on S3: it takes 25 MiB. */
async function openS3(
  region: string | undefined,
  { env }: CliContext,
): Promise<Disposable & { readonly store: ObjectStore }> {
  const { awsClients } = await import("../../shared/adapters/aws/aws-clients.ts");
  const { createS3ObjectStore } = await import("../../shared/adapters/aws/s3-object-store.ts");
  const clients = awsClients({ region, env });
  const store = createS3ObjectStore(clients.s3(), { clock: systemClock });
  return { store, [Symbol.dispose]: () => clients[Symbol.dispose]() };
}

type Source = Pick<ObjectInfo, "bucket" | "key" | "bytes">;

async function* namedSources(
  store: ObjectStore,
  paths: readonly string[],
  cwd: string,
  out: string,
  signal: AbortSignal,
): AsyncGenerator<Source, void, undefined> {
  const { s3, local } = partPaths(paths);
  if (local.length > 0)
    for await (const { path, bytes } of namedFiles(local, { cwd, exclude: [out], signal }))
      yield { bucket: LOCAL_BUCKET, key: path, bytes };
  yield* listS3({ store, routedBucket: ROUTED_BUCKET, signal }, s3);
}

function emptyReport(): SplitReport {
  const counts = { sources: 0, known: 0, lines: 0, rows: 0, quarantined: 0, dropped: 0, blank: 0, parts: 0 };
  return { ...counts, raw_bytes: 0, seconds: 0, failures: [] };
}

function add(report: SplitReport, { kind, receipt, rawBytes }: SplitOutcome): void {
  const { source, lines, parts, failure, state } = receipt;
  if (state === "failed") report.failures.push({ key: source.key, reason: failure?.message ?? "corrupt" });
  if (kind === "existing") {
    report.known += 1;
    return;
  }
  report.sources += 1;
  report.lines += lines.total;
  report.rows += lines.rows;
  report.quarantined += lines.quarantined;
  report.dropped += lines.dropped;
  report.blank += lines.blank;
  report.parts += parts.length;
  report.raw_bytes += rawBytes;
}
