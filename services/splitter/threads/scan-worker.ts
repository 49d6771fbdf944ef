// A scanner thread: keeps a scanner for each open session and answers in the order of the questions.
import { parentPort } from "node:worker_threads";
import type { FromThread, ToThread } from "./protocol.ts";
import { SourceScanner, type ScannedBlock } from "./source-scanner.ts";

if (!parentPort) throw new Error("scan-worker.ts is the entry of a thread");
const port = parentPort;
const sessions = new Map<number, SourceScanner>();
let turn: Promise<void> = Promise.resolve();

port.on("message", (message: ToThread) => {
  turn = turn.then(() => answer(message));
});

async function answer(message: ToThread): Promise<void> {
  if (message.kind === "close") {
    sessions.delete(message.session);
    return;
  }
  try {
    if (message.kind === "open") sessions.set(message.session, new SourceScanner(message.scan));
    else if (message.kind === "shapes") {
      const shapes = sessionOf(message.session).takeShapes();
      send({ kind: "shapes", job: message.job, shapes });
    } else {
      const result = await sessionOf(message.session).scan(message.block);
      send({ kind: "scanned", job: message.job, result }, buffersOf(result));
    }
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // A session that could not be opened fails with its first job.
    if (message.kind !== "open") send({ kind: "failed", job: message.job, message: text });
  }
}

function sessionOf(session: number): SourceScanner {
  const scanner = sessions.get(session);
  if (!scanner) throw new Error(`session ${session} is not open in this thread`);
  return scanner;
}

function send(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function buffersOf(result: ScannedBlock): ArrayBuffer[] {
  return [...new Set([result.buffer, ...result.segments.map((segment) => segment.bytes.buffer)])];
}
