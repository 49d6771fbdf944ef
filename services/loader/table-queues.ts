// Units waiting to be loaded: for each table and lane a line of batches, the last of which may still grow. A table that has failed pauses
// alone. Shapes are merged into their batch as they come, so that memory follows tables and batches, not units.
import type { Lane } from "../../shared/contracts/words.ts";
import type { UnitPart } from "../../shared/ports/warehouse.ts";
import { mergeShape, Shape } from "../../shared/shape/shape.ts";
import { backOffMs } from "./back-off.ts";
import type { UnitWork } from "./work.ts";

export interface Batch {
  readonly queue: string;
  readonly lane: Lane;
  units: UnitWork[];
  bytes: number;
  parts: number;
  /** Covers all of its units, perhaps more: what it proves for all holds for some. */
  readonly shape: Shape;
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
  /** When it is due by its age. */
  dueAt: number;
  closed: boolean;
  /** Loads of it that failed because its table could not be changed. */
  schemaFailures: number;
}

export interface TableQueuesOptions {
  readonly batchBytes: number;
  readonly batchParts: number;
  readonly batchAgeMs: number;
  readonly keysPerDepth: readonly number[];
  readonly random: () => number;
}

interface TableQueue {
  readonly key: string;
  readonly live: Batch[];
  readonly backfill: Batch[];
  busy: boolean;
  failures: number;
  notBefore: number;
  /** Number of the last load that took a batch from here. */
  lastTurn: number;
}

/** A batch that may be loaded now. */
export interface Due {
  readonly key: string;
  readonly batch: Batch;
  /** The table's last load failed. */
  readonly isUnhealthy: boolean;
  /** 1 when due by age or size, more the longer it has been due. */
  readonly urgency: number;
  /** Among equally urgent ones, who was served longest ago comes first. */
  readonly lastTurn: number;
}

/** Part of the age by which batches of the same moment are spread. */
const JITTER = 0.1;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export class TableQueues {
  readonly #options: TableQueuesOptions;
  readonly #queues = new Map<string, TableQueue>();
  #units = 0;
  #turn = 0;

  constructor(options: TableQueuesOptions) {
    this.#options = options;
  }

  /** Units waiting. */
  get size(): number {
    return this.#units;
  }

  /**
   * A number for `add`, by which batches opened at the same moment are due at different ones. One for all units of a receipt: those that have
   * a part in common should be loaded together.
   */
  spread(): number {
    return this.#options.random();
  }

  add(unit: UnitWork, shape: Shape, now: number, spread = this.spread()): void {
    const { batchBytes, batchParts, keysPerDepth } = this.#options;
    const bytes = bytesOf(unit);
    const parts = unit.unit.parts.length;
    const batch = this.#openBatch(unit, bytes, parts, now, spread);
    batch.units.push(unit);
    batch.bytes += bytes;
    batch.parts += parts;
    mergeShape(batch.shape, shape, keysPerDepth);
    if (batch.bytes >= batchBytes || batch.parts >= batchParts) batch.closed = true;
    this.#units++;
  }

  #openBatch(unit: UnitWork, bytes: number, parts: number, now: number, spread: number): Batch {
    const { batchBytes, batchParts, batchAgeMs } = this.#options;
    const lane = unit.unit.lane;
    const batches = this.#queue(unit.queue)[lane];
    const last = batches.at(-1);
    if (last && !last.closed) {
      if (last.bytes + bytes <= batchBytes && last.parts + parts <= batchParts) return last;
      last.closed = true;
    }
    const batch: Batch = {
      queue: unit.queue,
      lane,
      units: [],
      bytes: 0,
      parts: 0,
      shape: new Shape(),
      openedAt: now,
      dueAt: now + batchAgeMs * (1 - JITTER * spread),
      closed: false,
      schemaFailures: 0,
    };
    batches.push(batch);
    return batch;
  }

  #queue(key: string): TableQueue {
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = { key, live: [], backfill: [], busy: false, failures: 0, notBefore: 0, lastTurn: 0 };
      this.#queues.set(key, queue);
    }
    return queue;
  }

  /** The first batch of every table that has one due and is not being loaded, most urgent first. */
  due(lane: Lane, now: number): Due[] {
    const due: Due[] = [];
    for (const queue of this.#queues.values()) {
      const batch = queue[lane][0];
      if (!batch || queue.busy || now < queue.notBefore || (!batch.closed && now < batch.dueAt)) continue;
      const urgency = this.#urgency(batch, now);
      due.push({ key: queue.key, batch, isUnhealthy: queue.failures > 0, urgency, lastTurn: queue.lastTurn });
    }
    return due.sort((a, b) => b.urgency - a.urgency || a.lastTurn - b.lastTurn);
  }

  #urgency(batch: Batch, now: number): number {
    const { batchBytes, batchParts, batchAgeMs } = this.#options;
    const age = (now - batch.openedAt) / Math.max(1, batchAgeMs);
    return Math.max(age, Math.min(1, batch.bytes / batchBytes), Math.min(1, batch.parts / batchParts));
  }

  /** Takes a due batch out; its table is busy until `succeeded` or `failed`. */
  take(due: Due): Batch {
    const queue = this.#queue(due.key);
    queue[due.batch.lane].shift();
    queue.busy = true;
    queue.lastTurn = ++this.#turn;
    this.#units -= due.batch.units.length;
    due.batch.closed = true;
    for (const unit of due.batch.units) unit.state = "loading";
    return due.batch;
  }

  succeeded(key: string): void {
    const queue = this.#queue(key);
    queue.busy = false;
    queue.failures = 0;
    queue.notBefore = 0;
    this.#forgetEmpty(queue);
  }

  /** Puts what is left of a batch back in front. `counts`: the table pauses, longer each time. */
  failed(batch: Batch, counts: boolean, now: number): void {
    const queue = this.#queue(batch.queue);
    queue.busy = false;
    if (counts) {
      queue.failures++;
      queue.notBefore =
        now + backOffMs(queue.failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, this.#options.random);
    }
    const units = batch.units.filter((unit) => unit.state === "loading");
    for (const unit of units) unit.state = "waiting";
    if (units.length > 0) queue[batch.lane].unshift({ ...batch, units, closed: true });
    this.#units += units.length;
    this.#forgetEmpty(queue);
  }

  /** Drops units that wait no longer (state `left`). */
  sweep(): void {
    this.#units = 0;
    for (const queue of this.#queues.values()) {
      for (const lane of [queue.live, queue.backfill]) {
        for (const batch of lane) batch.units = batch.units.filter((unit) => unit.state === "waiting");
        const kept = lane.filter((batch) => batch.units.length > 0);
        lane.splice(0, lane.length, ...kept);
        this.#units += kept.reduce((sum, batch) => sum + batch.units.length, 0);
      }
      this.#forgetEmpty(queue);
    }
  }

  /** Everything that waits is due now; until it is taken it goes on growing, or tables that are busy would have a batch for each receipt. */
  hurry(): void {
    for (const queue of this.#queues.values()) {
      for (const batch of [...queue.live, ...queue.backfill]) batch.dueAt = 0;
    }
  }

  /** When, after `now`, the next batch becomes due by age or after a pause. */
  nextDueAt(now: number): number | undefined {
    let next: number | undefined;
    for (const queue of this.#queues.values()) {
      if (queue.busy) continue;
      for (const batch of [queue.live[0], queue.backfill[0]]) {
        if (!batch) continue;
        const at = Math.max(queue.notBefore, batch.closed ? 0 : batch.dueAt);
        if (at > now && (next === undefined || at < next)) next = at;
      }
    }
    return next;
  }

  #forgetEmpty(queue: TableQueue): void {
    const isEmpty = queue.live.length + queue.backfill.length === 0;
    if (isEmpty && !queue.busy && queue.failures === 0) this.#queues.delete(queue.key);
  }
}

/** Of a mixed part, the unit's share by lines. */
function bytesOf({ unit }: UnitWork): number {
  const share = ({ lines, mixedLines }: UnitPart): number =>
    mixedLines === undefined ? 1 : lines / mixedLines;
  return unit.parts.reduce((sum, part) => sum + part.bytes * share(part), 0);
}
