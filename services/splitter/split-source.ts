// Splits one source object, safe to run twice: identity from the bytes that are read, a random attempt, one receipt that decides
// (DESIGN.md 3). Knows no queues: `log-router split` uses it as it is.
import { sourceSettings, type SourceSettings } from "../../shared/config/source-settings.ts";
import type { Config } from "../../shared/config/schema.ts";
import { newAttemptId, sourceId } from "../../shared/contracts/keys.ts";
import type { Lane } from "../../shared/contracts/words.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Clock } from "../../shared/ports/clock.ts";
import type { ObjectRead, ObjectRef, ObjectStore } from "../../shared/ports/object-store.ts";
import { runAttempt, type AttemptResult } from "./attempt.ts";
import type { SplitEngine } from "./engine.ts";
import { runSmallAttempt } from "./small/run-small-attempt.ts";
import { buildReceipt, type LineCounts, type ReceiptHead } from "./receipt/build-receipt.ts";
import { commitReceipt, latestReceipt, receiptOf, type FoundReceipt } from "./receipt/commit-receipt.ts";
import { placesOf } from "./source-places.ts";

export interface SplitContext {
  readonly store: ObjectStore;
  /** Bucket of parts, receipts and quarantine. */
  readonly routedBucket: string;
  readonly config: Config;
  readonly engine: SplitEngine;
  readonly clock: Clock;
  readonly lane: Lane;
  /** Folder for scratch files. */
  readonly scratchFolder: string;
  /** Deltas: stored bytes, uncompressed bytes, lines. */
  readonly onProgress?: (storedBytes: number, rawBytes: number, lines: number) => void;
}

export interface SplitRequest {
  readonly ref: ObjectRef;
  /** An operator's verb names the generation to write; without it the receipts there decide. */
  readonly generation?: number;
  /** Overrides `on_corrupt`. */
  readonly salvage?: boolean;
}

/**
 * written: our receipt is there, and its notification wakes the loader. existing, lost: somebody's receipt was there before, or was written
 * first; to be announced again.
 */
export interface SplitOutcome extends FoundReceipt {
  readonly kind: "written" | "existing" | "lost";
  readonly rawBytes: number;
  readonly seconds: number;
}

/**
 * Throws OBJECT_GONE when there is no such object, ACCOUNTING_BROKEN on a defect of ours, and whatever does not follow from the object's
 * bytes (access, network, disk, abort): no receipt is written then, and the same call may succeed later.
 */
export async function splitSource(
  context: SplitContext,
  request: SplitRequest,
  signal: AbortSignal,
): Promise<SplitOutcome> {
  const started = context.clock.now().getTime();
  const reading = new AbortController();
  let isRead = false;
  try {
    const both = AbortSignal.any([signal, reading.signal]);
    const object = await context.store.get(request.ref, both);
    const id = sourceId(object.bucket, object.key, object.etag);
    const { found, ...wanted } = await decideGeneration(context, request, object, id, signal);
    const seconds = (): number => (context.clock.now().getTime() - started) / 1000;
    if (found) return { kind: "existing", ...found, rawBytes: 0, seconds: seconds() };
    const { isOurs, rawBytes, ...receipt } = await attempt(context, request, object, id, wanted, both);
    isRead = true;
    return { kind: isOurs ? "written" : "lost", ...receipt, rawBytes, seconds: seconds() };
  } finally {
    // A body that was not read to its end is let go.
    if (!isRead) reading.abort(new RouterError("ABORTED", "The source is not needed any more."));
  }
}

/** The generation to write, and whether it is written because the same content came back. */
interface Wanted {
  readonly generation: number;
  readonly returned?: true;
}

/**
 * The receipt that already answers the request, or the generation to write. Content that came back (A, B, A) has a last-modified later than
 * its receipt's: that is a new generation.
 */
async function decideGeneration(
  { store, routedBucket }: SplitContext,
  request: SplitRequest,
  object: ObjectRead,
  id: string,
  signal: AbortSignal,
): Promise<Wanted & { readonly found?: FoundReceipt }> {
  if (request.generation !== undefined) {
    const found = await receiptOf(store, routedBucket, id, request.generation, signal);
    return { generation: request.generation, ...(found ? { found } : {}) };
  }
  const latest = await latestReceipt(store, routedBucket, id, signal);
  if (!latest) return { generation: 0 };
  const { generation, source } = latest.receipt;
  if (object.lastModified.getTime() > Date.parse(source.last_modified)) {
    return { generation: generation + 1, returned: true };
  }
  return { generation, found: latest };
}

async function attempt(
  context: SplitContext,
  request: SplitRequest,
  object: ObjectRead,
  id: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<FoundReceipt & { readonly isOurs: boolean; readonly rawBytes: number }> {
  const { store, routedBucket, config, engine, scratchFolder } = context;
  const settings = sourceSettings(config, object.key);
  const attemptId = newAttemptId();
  const salvage = request.salvage ?? settings.onCorrupt === "salvage";
  const run = object.bytes <= engine.smallBytes ? runSmallAttempt : runAttempt;
  const options = {
    store,
    bucket: routedBucket,
    config,
    engine,
    scratchFolder,
    settings,
    sourceId: id,
    attempt: attemptId,
    salvage,
    signal,
    ...(context.onProgress ? { onProgress: context.onProgress } : {}),
  };
  const result = await engine.sources.run(placesOf(object.bytes), () =>
    run(object, () => reopen(store, object, signal), options),
  );
  const head = receiptHead(context, object, id, wanted, attemptId, settings, result, salvage);
  const isFailed = head.state === "failed";
  const lines = isFailed ? NO_LINES : result.lines;
  const written = isFailed ? [] : result.written;
  const built = buildReceipt(head, lines, written, result.shapes, config.splitter.compression);
  const committed = await commitReceipt(store, routedBucket, built, signal);
  return { ...committed, rawBytes: result.rawBytes };
}

const NO_LINES: LineCounts = { total: 0, rows: 0, quarantined: 0, dropped: 0, blank: 0, normalised: 0 };

async function reopen(store: ObjectStore, object: ObjectRead, signal: AbortSignal): Promise<ObjectRead> {
  const { bucket, key, versionId, etag } = object;
  const again = await store.get({ bucket, key, ...(versionId === undefined ? {} : { versionId }) }, signal);
  if (again.etag === etag) return again;
  throw new RouterError("OBJECT_CHANGED", `${key} changed while it was read.`, {
    retryable: true,
    details: { bucket, key },
  });
}

function receiptHead(
  { lane, clock }: SplitContext,
  object: ObjectRead,
  id: string,
  { generation, returned }: Wanted,
  attemptId: string,
  settings: SourceSettings,
  result: AttemptResult,
  salvage: boolean,
): ReceiptHead {
  const { bucket, key, etag, versionId, lastModified, bytes } = object;
  const broken = result.break;
  return {
    source: {
      id,
      bucket,
      key,
      etag,
      ...(versionId === undefined ? {} : { version_id: versionId }),
      last_modified: lastModified.toISOString(),
      bytes,
    },
    generation,
    attempt: attemptId,
    lane,
    split_at: clock.now().toISOString(),
    on_overwrite: settings.onOverwrite,
    state: broken && !salvage ? "failed" : "split",
    ...(broken && salvage ? { salvaged: true } : {}),
    ...(returned ? { returned } : {}),
    ...(broken ? { failure: failureOf(broken) } : {}),
  };
}

function failureOf(broken: NonNullable<AttemptResult["break"]>): NonNullable<ReceiptHead["failure"]> {
  const { message, afterLine, afterByte } = broken;
  return { code: "SOURCE_CORRUPT", message, after_line: afterLine, after_byte: afterByte };
}
