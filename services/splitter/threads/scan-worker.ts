// A scanner thread: keeps a scanner for each open session, compresses frames, and answers in the order of the questions.
import { parentPort, workerData } from "node:worker_threads";
import type { Shape } from "../../../shared/shape/shape.ts";
import { FrameCompressor } from "../parts/frame-compressor.ts";
import type { SmallSplitter } from "../small/split-small.ts";
import { giveScanner, takeScanner } from "./idle-scanners.ts";
import type { FromThread, ThreadData, ToThread } from "./protocol.ts";
import { unshared } from "./shared-buffer.ts";
import type { ScannedBlock, SourceScan, SourceScanner } from "./source-scanner.ts";
import { warmUp } from "./warm-up.ts";

if (!parentPort) throw new Error("scan-worker.ts runs in a thread");
const SHAPES_A_MESSAGE = 100;
const port = parentPort;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what ScanThread gives
const { done } = workerData as ThreadData;
const compressor = new FrameCompressor();
const sessions = new Map<number, { readonly scan: SourceScan; readonly scanner: SourceScanner }>();
const known: Omit<SourceScan, "sourceId">[] = [];
/** By the number of their settings. */
const splitters: SmallSplitter[] = [];
let turn: Promise<void> = Promise.resolve();

port.on("message", (message: ToThread) => {
  turn = turn.then(() => answer(message));
});
warmUp();

async function answer(message: ToThread): Promise<void> {
  if (message.kind === "close") {
    const session = sessions.get(message.session);
    if (session) giveScanner(session.scan, session.scanner);
    sessions.delete(message.session);
    return;
  }
  try {
    if (message.kind === "settings") {
      const config = message.config ?? known.at(-1)!.config;
      known[message.number] = { settings: message.settings, config };
    } else if (message.kind === "open") {
      const scan = { sourceId: message.sourceId, ...known[message.settings]! };
      sessions.set(message.session, { scan, scanner: takeScanner(scan) });
    } else if (message.kind === "small") {
      const split = await (await splitterOf(message.settings)).split(message.source);
      send({ kind: "small", job: message.job, split }, split ? [split.bytes.buffer] : []);
    } else if (message.kind === "shapes") {
      sendShapes(message.job, sessionOf(message.session).lastShapes(message.eventTypes));
    } else if (message.kind === "shapeTexts") {
      const texts = sessionOf(message.session).lastShapeTexts(message.eventTypes);
      send({ kind: "shapeTexts", job: message.job, texts });
    } else if (message.kind === "compress") {
      const frame = compressor.compress(message.raw, message.level);
      send({ kind: "compressed", job: message.job, frame });
    } else {
      const scanner = sessionOf(message.session);
      if (message.spare) scanner.recycle(message.spare);
      const result = await scanner.scan(message.block);
      send({ kind: "scanned", job: message.job, result }, buffersOf(result));
    }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // A session that could not be opened fails with its first job.
    if ("job" in message) send({ kind: "failed", job: message.job, message: text });
  }
  if ("job" in message) Atomics.add(done, 0, 1);
}

function sessionOf(session: number): SourceScanner {
  const open = sessions.get(session);
  if (!open) throw new Error(`session ${session} is not open in this thread`);
  return open.scanner;
}

/** Many runs have no small sources: what they take is loaded for the first. */
async function splitterOf(number: number): Promise<SmallSplitter> {
  const ready = splitters[number];
  if (ready) return ready;
  const { SmallSplitter } = await import("../small/split-small.ts");
  const { config, settings } = known[number]!;
  return (splitters[number] = new SmallSplitter(config, settings));
}

function sendShapes(job: number, all: Iterable<[string, Shape]>): void {
  let shapes = new Map<string, Shape>();
  for (const [eventType, shape] of all) {
    shapes.set(eventType, shape);
    if (shapes.size < SHAPES_A_MESSAGE) continue;
    send({ kind: "shapes", job, shapes, isLast: false });
    shapes = new Map();
  }
  send({ kind: "shapes", job, shapes, isLast: true });
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function buffersOf(result: ScannedBlock): ArrayBuffer[] {
  return unshared(result.buffer, result.segments.bytes.buffer);
}
