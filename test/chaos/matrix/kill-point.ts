// What a kill point is, and the events that points are made of.
import type { SceneName } from "./scenes.ts";
import { isSending, type WireEvent, type WireRequest } from "./wire.ts";

export type WorkerName = "splitter" | "loader";

/** A named moment in a worker's life: a server has done what the worker asked, and the worker does not know it yet. */
export interface KillPoint {
  readonly worker: WorkerName;
  /** Kebab-case, one of its worker. */
  readonly name: string;
  /** What has just been done. */
  readonly after: string;
  /** What a worker that dies here could lose, double, or leave behind. */
  readonly why: string;
  readonly matches: (event: WireEvent) => boolean;
  /** Which of the moments in a run that match, from 1; each is a run of its own. Default: the first. */
  readonly occurrences?: readonly number[];
  /** Default `mixed`. */
  readonly scene?: SceneName;
  /** Environment of the worker until it is killed, over the scene's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Requests that do not go on before the kill, where the moment would come too late otherwise. They are lost with the worker. */
  readonly holds?: (request: WireRequest) => boolean;
  /** From this event on held requests go on after all. */
  readonly holdsUntil?: (event: WireEvent) => boolean;
  /** The first such request is refused (403). */
  readonly refuses?: (request: WireRequest) => boolean;
  /** A message that is nobody's is put on the worker's queue; it has to end among the dead letters, and nothing else may. */
  readonly hasForeignMessage?: boolean;
  /** Before the first receipt is put, all sources are announced once more and a second splitter gets to the end of the first of them. */
  readonly hasRival?: boolean;
}

/** A point in a list of one worker's. */
export type Point = Omit<KillPoint, "worker">;

type Matches = (event: WireEvent) => boolean;

const isDone = ({ status }: WireEvent): boolean => status >= 200 && status < 300;

/** Notifications of sources or receipts: the message by which S3 tries a queue out is none. */
const isAnnouncement = (body: string): boolean => /(raw|receipts)(\/|%2F)/i.test(body);

export const received =
  (queue: string): Matches =>
  ({ operation, queue: from, bodies }) =>
    operation === "ReceiveMessage" && from === queue && bodies.some(isAnnouncement);

export const deleted =
  (queue: string): Matches =>
  (event) =>
    queued("DeleteMessageBatch", queue)(event) && event.bodies.some(isAnnouncement);

/** One of the batch operations of SQS. */
export const queued =
  (operation: string, queue: string): Matches =>
  (event) =>
    event.operation === operation && event.queue === queue && isDone(event);

/** A message's visibility was set to this many seconds. */
export const visibility =
  (queue: string, fits: (seconds: number) => boolean): Matches =>
  (event) =>
    queued("ChangeMessageVisibilityBatch", queue)(event) && fits(event.visibilitySeconds ?? -1);

/** An S3 operation on a key. */
export const object =
  (operation: string, key: RegExp): Matches =>
  (event) =>
    event.operation === operation && key.test(event.key) && isDone(event);

/** A statement or a batch was handed over: it goes on by itself, whatever becomes of the worker. */
export const sent =
  (run: string, sql: RegExp): Matches =>
  (event) =>
    isDone(event) && isSending(event) && event.run.startsWith(run) && sql.test(event.sql);

/** A statement or a batch has ended well. */
export const finished =
  (run: string, sql: RegExp): Matches =>
  (event) =>
    event.operation === "DescribeStatement" &&
    event.state === "FINISHED" &&
    event.run.startsWith(run) &&
    sql.test(event.sql);
