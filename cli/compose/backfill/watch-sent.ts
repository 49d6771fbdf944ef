// Follows what a backfill has sent until the ledger has settled all of it, batch by batch in the order of sending.
import type { RunTotals } from "../../progress/run-totals.ts";
import type { Adapters } from "../adapters.ts";
import { lookUp } from "./settled.ts";
import type { SentBatches, SentObject } from "./sent-batches.ts";

export interface WatchCounts {
  /** Settled, by state. */
  readonly states: Map<string, number>;
  lines: number;
  /** Deleted before they were read. */
  gone: number;
  /** Neither settled nor gone: given up, or pending. */
  waiting: number;
  /** Some of those that wait. */
  readonly named: SentObject[];
}

export interface WatchOptions {
  readonly adapters: Pick<Adapters, "warehouse" | "store" | "backfillQueue" | "loadQueue" | "pollMs">;
  readonly sent: SentBatches;
  /** True once no more batches come. */
  readonly isComplete: () => boolean;
  /** Where nothing works any more, unsettled objects are not waited for. */
  readonly once: boolean;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Progress; undefined where the workers' own observer tells it. */
  readonly totals: RunTotals | undefined;
}

/** Looks in a row at empty queues before what is unsettled is given up: a notification may be on its way, a depth is approximate. */
const QUIET_LOOKS = 20;
/** Unsettled objects kept by name. */
const NAMED = 10;
/** Between looks; each is a query. */
const LOOK_FACTOR = 4;

/** Ends when everything is settled, gone, or will not be settled by what is in the queues; or throws the signal's reason. */
export async function watchSent(options: WatchOptions, signal: AbortSignal): Promise<WatchCounts> {
  const { adapters, sent, totals } = options;
  const counts: WatchCounts = { states: new Map(), lines: 0, gone: 0, waiting: 0, named: [] };
  for (let index = 0; ;) {
    if (index === sent.count) {
      if (options.isComplete()) return counts;
      await options.sleep(adapters.pollMs, signal);
      continue;
    }
    let left = await sent.read(index);
    for (let quiet = 0; left.length > 0;) {
      const { settled, unsettled } = await lookUp(adapters.warehouse, left, signal);
      for (const { object, row } of settled) {
        counts.states.set(row.state, (counts.states.get(row.state) ?? 0) + 1);
        counts.lines += row.lines;
        if (row.state === "failed") totals?.sourceFailed(row.key, row.reason);
        totals?.split(object.bytes, 0, row.lines);
        totals?.sourceSettled(row);
      }
      quiet = settled.length > 0 || !(await isQuiet(adapters, signal)) ? 0 : quiet + 1;
      left = [...unsettled];
      if (left.length === 0) break;
      if (options.once || quiet >= QUIET_LOOKS) {
        await giveUp(options, left, counts, signal);
        break;
      }
      await options.sleep(adapters.pollMs * LOOK_FACTOR, signal);
    }
    index += 1;
  }
}

async function isQuiet(
  { backfillQueue, loadQueue }: WatchOptions["adapters"],
  signal: AbortSignal,
): Promise<boolean> {
  const depths = [await backfillQueue.depth(signal), await loadQueue.depth(signal)];
  return depths.every(({ visible, inFlight, delayed }) => visible + inFlight + delayed === 0);
}

async function giveUp(
  { adapters }: WatchOptions,
  left: readonly SentObject[],
  counts: WatchCounts,
  signal: AbortSignal,
): Promise<void> {
  for (const object of left) {
    if ((await adapters.store.head({ bucket: object.bucket, key: object.key }, signal)) === undefined) {
      counts.gone += 1;
      continue;
    }
    counts.waiting += 1;
    if (counts.named.length < NAMED) counts.named.push(object);
  }
}
