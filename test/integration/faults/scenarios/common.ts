// What the scenarios share: sources of a few lines, and rows counted.
import { join } from "node:path";
import { startWorker, type WorkerProcess } from "../../../chaos/matrix/worker-process.ts";
import { waitFor } from "../../../helpers/wait-for.ts";
import type { FaultLab, LabSource } from "../fault-lab.ts";

/** Longest wait for anything; a busy machine needs some of it. */
const PATIENCE_MS = 100_000;

/** As `waitFor`, with that patience, and a look now and then: some are requests to servers that have work to do. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await waitFor(what, condition, PATIENCE_MS, 50);
}

/** Three lines of each event type, taking turns. */
export function eventLines(...types: readonly string[]): string {
  return [1, 2, 3].flatMap((n) => types.map((event) => JSON.stringify({ event, n }))).join("\n");
}

/** Puts texts under keys of their own. */
export function putter(lab: FaultLab): (text: string) => Promise<LabSource> {
  let sources = 0;
  return async (text) => {
    const source = lab.source(`raw/${(sources += 1)}.ndjson`, text);
    await lab.put(source);
    return source;
  };
}

/** Rows of a source by table. */
export async function rowCounts(lab: FaultLab, { id }: LabSource): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const text of await lab.rows(id)) {
    const table = text.slice(0, text.indexOf(":"));
    counts[table] = (counts[table] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A worker as a container starts it, behind the proxies. */
export function process(
  lab: FaultLab,
  worker: "splitter" | "loader",
  env: Readonly<Record<string, string | undefined>>,
): WorkerProcess {
  // Nobody gets a message because its visibility has ended.
  const patient = {
    LOG_ROUTER_SPLITTER_VISIBILITY_SECONDS: "600",
    LOG_ROUTER_LOADER_VISIBILITY_SECONDS: "600",
  };
  const folder = join(lab.rig.cwd, `${worker}-process`);
  return startWorker(worker, { ...lab.env, ...patient, LOG_ROUTER_DATA: folder, ...env }, lab.rig.cwd);
}

export interface Stopped {
  /** Exit code, or the signal that ended it. */
  readonly end: number | NodeJS.Signals | null;
  readonly seconds: number;
}

/** SIGTERM; `meanwhile` runs when the worker has heard it. */
export async function terminate(worker: WorkerProcess, meanwhile = async () => {}): Promise<Stopped> {
  const since = performance.now();
  worker.kill("SIGTERM");
  await until("it to hear the signal", () => worker.log.includes('"event":"stopping"'));
  await meanwhile();
  const end = await worker.done;
  return { end, seconds: (performance.now() - since) / 1000 };
}
