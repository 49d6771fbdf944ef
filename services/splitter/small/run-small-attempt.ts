// One run over a small source: a scanner thread does all of the work, this one puts what comes of it. Both cores have something to do then,
// and nothing goes back and forth between them but bytes. Without a thread this one does both.
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectRead } from "../../../shared/ports/object-store.ts";
import { batchOf } from "../../../shared/runtime/object-batch.ts";
import { runAttempt, runAttemptOver, type AttemptOptions, type AttemptResult } from "../attempt.ts";
import { rawNow, rawWhole, saysMuch, storedWhole } from "../read/read-small.ts";
import { wholeReader } from "../read/read-source.ts";
import type { Shapes } from "../receipt/shape-texts.ts";
import type { SourceScan } from "../threads/source-scanner.ts";
import type * as SplitHere from "./split-here.ts";
import { bodiesOf, type SmallSource, type SmallSplit } from "./split-small.ts";

/** As `runAttempt`, for a source of up to `engine.smallBytes`. */
export async function runSmallAttempt(
  object: ObjectRead,
  reopen: () => Promise<ObjectRead>,
  options: AttemptOptions,
): Promise<AttemptResult> {
  const { engine } = options;
  const { scanners, compressor } = engine;
  const { sourceId, attempt, settings, config, signal } = options;
  const stored = await storedWhole(object);
  if (saysMuch(stored)) return runStreaming(inHand(object, stored), reopen, options);
  // What waits to be durable is bounded like what waits to be compressed.
  await compressor.room();
  // A copy: what is sent takes its whole buffer with it, of which it may be a part.
  const copy = new Uint8Array(stored);
  const source = { sourceId, attempt, stored: copy };
  const inThread = (isPatient?: boolean) => scanners.splitSmall(source, config, settings, isPatient);
  // What this thread cannot do in a moment is the others' all the same.
  const split = await (inThread() ?? splitHere(source, options).then((here) => here ?? inThread(true)));
  signal.throwIfAborted();
  if (!split) return runWhole(stored, options) ?? runStreaming(inHand(object, stored), reopen, options);
  engine.sawSource();
  const release = compressor.hold(split.partsAt);
  try {
    await putAll(split, options);
  } finally {
    release();
  }
  const { lines, rawBytes, written } = split;
  engine.sawTypes(split.types);
  options.onProgress?.(stored.length, rawBytes, lines.total);
  return { lines, rawBytes, written, shapes: new ReadyShapes(split), break: undefined };
}

/** Kept: to ask Node for a module once more takes as long as to scan a few kilobytes. */
let loading: Promise<typeof SplitHere> | undefined;

/** The scanner is loaded when this thread is to scan: that takes a fifth of the time in which `split` starts. */
async function splitHere(source: SmallSource, { config, settings }: AttemptOptions) {
  const here = await (loading ??= import("./split-here.ts"));
  return here.splitHere(source, config, settings);
}

/** Part lines of short events are several times as long as their lines, and quarantine records of bad ones more than that. */
const EXPANDS = 8;

/** In the calling thread; undefined when its bytes are odd, or too many. It is decompressed for its length, and once more, so that those who wait hold only what is stored. */
function runWhole(stored: Uint8Array, options: AttemptOptions): Promise<AttemptResult> | undefined {
  const { engine } = options;
  const rawBytes = rawNow(stored)?.raw.length;
  if (rawBytes === undefined) return undefined;
  engine.sawSource();
  engine.sawOddSource();
  return engine.smallMemory.run(EXPANDS * rawBytes, () => {
    const reader = wholeReader(rawWhole(stored)!, stored.length);
    const openSession = (scan: SourceScan) => engine.scanners.openSmall(scan);
    return runAttemptOver({ openSession, openReader: async () => reader }, options);
  });
}

/** Of a source that turns out not to be small, about: four are in work at a time. */
const STREAM_BYTES = 8 * 1024 * 1024;

function runStreaming(...[object, reopen, options]: Parameters<typeof runAttempt>): Promise<AttemptResult> {
  const { engine } = options;
  engine.sawOddSource();
  return engine.smallMemory.run(STREAM_BYTES, () => runAttempt(object, reopen, options));
}

/** Shapes that are in the text of the receipt's parts, and fit there. */
class ReadyShapes implements Shapes {
  readonly bytes: number;
  readonly texts = new Map<string, string>();
  readonly partTexts: readonly Uint8Array[];

  constructor({ bytes, partsAt }: SmallSplit) {
    this.bytes = bytes.length - partsAt;
    this.partTexts = [bytes.subarray(partsAt)];
  }

  sidecar(): Promise<Uint8Array> {
    return Promise.reject(new RouterError("INTERNAL", "The shapes of a small source fit its receipt."));
  }
}

/** Resolves when all objects are durable. */
async function putAll(split: SmallSplit, { store, bucket, signal }: AttemptOptions) {
  const { written } = split;
  if (written.length === 0) return;
  const bodies = bodiesOf(split);
  await using batch = batchOf(store);
  const puts = written.map(async ({ key }, index) => {
    const body = bodies[index]!;
    const { bytes } = await batch.put({ bucket, key }, body, { signal, withoutEtag: true });
    if (bytes === body.length) return;
    throw new RouterError("OBJECT_STORE_FAILED", `The store kept ${bytes} of ${body.length} bytes.`, {
      retryable: true,
      details: { bucket, key },
    });
  });
  // Both have ended when one has failed: the batch is given up then.
  await Promise.allSettled(puts);
  await Promise.all(puts);
  await batch.flush();
}

/** The object once more, after it has been read. */
function inHand(object: ObjectRead, stored: Uint8Array): ObjectRead {
  return { ...object, body: only(stored), bodyInto: () => only(stored), whole: stored };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes;
}
