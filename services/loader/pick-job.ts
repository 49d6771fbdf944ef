// Which batches go into the next load. Live lane before backfill, by urgency; several small tables share a load; a table that failed last
// time is loaded alone, so that it spoils no other's load.
import type { Lane } from "../../shared/contracts/words.ts";
import type { Due, TableQueues } from "./table-queues.ts";

export interface PickOptions {
  /** Compressed bytes that one load may have; a batch alone may have more. */
  readonly jobBytes: number;
  /** Loads at the same time. */
  readonly concurrentLoads: number;
  /** What the warehouse allows, if it has a limit. */
  readonly maxTables?: number | undefined;
}

/** Tables in one load: their slots and their locks are held together. */
const MAX_TABLES = 50;
/** Every so many picks the lane or the health that stands behind comes first, so that nothing waits for ever. */
const BACKFILL_TURN = 8;
const UNHEALTHY_TURN = 4;

export class JobPicker {
  readonly #queues: TableQueues;
  readonly #options: PickOptions;
  #turn = 0;

  constructor(queues: TableQueues, options: PickOptions) {
    this.#queues = queues;
    this.#options = options;
  }

  /** The batches of one load, of one lane, one for each table; empty when none is due. `unhealthyRunning`: loads of failed tables under way. */
  pick(now: number, unhealthyRunning: number): readonly Due[] {
    this.#turn++;
    const lanes: Lane[] = this.#turn % BACKFILL_TURN === 0 ? ["backfill", "live"] : ["live", "backfill"];
    const due = lanes.map((lane) => this.#queues.due(lane, now));
    const healthy = (): readonly Due[] => {
      const lane = due.find((lane) => lane.some((one) => !one.isUnhealthy)) ?? [];
      return this.#fill(lane.filter((one) => !one.isUnhealthy));
    };
    const unhealthy = (): readonly Due[] => {
      // A table that hangs must leave room for the others.
      if (unhealthyRunning >= Math.max(1, this.#options.concurrentLoads - 1)) return [];
      return due
        .flat()
        .filter((one) => one.isUnhealthy)
        .slice(0, 1);
    };
    const order = this.#turn % UNHEALTHY_TURN === 0 ? [unhealthy, healthy] : [healthy, unhealthy];
    return order.map((choose) => choose()).find((chosen) => chosen.length > 0) ?? [];
  }

  #fill(lane: readonly Due[]): readonly Due[] {
    const chosen: Due[] = [];
    let bytes = 0;
    const maxTables = Math.min(MAX_TABLES, this.#options.maxTables ?? MAX_TABLES);
    for (const due of lane) {
      if (chosen.length >= maxTables) break;
      if (chosen.length > 0 && bytes + due.batch.bytes > this.#options.jobBytes) continue;
      chosen.push(due);
      bytes += due.batch.bytes;
    }
    return chosen;
  }
}
