// Parts of large event types, and those that several share, are written into the store while they grow, where the store can do that (a folder): their frames are neither kept on
// scratch disk nor read back from it, and most of them are on disk when the source ends.
import type { GrowingObject, ObjectBatch } from "../../../shared/ports/object-store.ts";
import { addMark, type PartStream, type Tally } from "./part-stream.ts";

/** Parts of one source that grow at the same time: each holds a file open. */
const GROWING = 128;

/** Makes one frame and hands it to `use`; its bytes may be overwritten when that has resolved. */
type MakeFrame = (use: (bytes: Uint8Array) => Promise<void>) => Promise<void>;

/** A part that has a key already. */
export class GrowingPart implements AsyncDisposable {
  readonly sequence: number;
  readonly key: string;
  lines = 0;
  rawBytes = 0;
  /** Compressed. */
  bytes = 0;
  /** Lines by event type, where several share the part. */
  readonly marks = new Map<string, number>();
  readonly #object: Promise<GrowingObject>;
  /** Resolves when the frames so far have been written, rejects when one has failed. */
  #last: Promise<GrowingObject>;

  constructor(sequence: number, key: string, object: Promise<GrowingObject>) {
    this.sequence = sequence;
    this.key = key;
    this.#object = object;
    this.#last = object;
    this.#last.catch(() => undefined);
  }

  /** Adds a frame behind those of the calls before, however long each takes to be compressed. */
  add({ lines, rawBytes, marks }: Tally, make: MakeFrame): Promise<void> {
    this.lines += lines;
    this.rawBytes += rawBytes;
    for (const [mark, count] of marks ?? []) addMark(this.marks, mark, count);
    const before = this.#last;
    const adding = make(async (bytes) => {
      const object = await before;
      await object.append(bytes);
      this.bytes += bytes.length;
    });
    this.#last = adding.then(() => this.#object);
    // Met by whoever adds the next one, or finishes.
    this.#last.catch(() => undefined);
    return adding;
  }

  /** Resolves when all frames have been written and the object is there, with the bytes that the store counts. */
  async finish(): Promise<number> {
    return (await (await this.#last).finish()).bytes;
  }

  /** To be called when no frame is on its way any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const object = await this.#object.catch(() => undefined);
    await object?.[Symbol.asyncDispose]();
  }
}

/** Those of one source. */
export class GrowingParts implements AsyncDisposable {
  readonly #batch: ObjectBatch;
  readonly #bucket: string;
  readonly #byStream = new Map<PartStream, GrowingPart>();
  readonly #unfinished = new Set<GrowingPart>();

  constructor(batch: ObjectBatch, bucket: string) {
    this.#batch = batch;
    this.#bucket = bucket;
  }

  /** The part that a stream's next frame goes to, if it has one that grows. */
  of(stream: PartStream): GrowingPart | undefined {
    return this.#byStream.get(stream);
  }

  /** Begins a part. Undefined when the store cannot do that, or enough of them grow already. */
  begin(stream: PartStream, sequence: number, key: string): GrowingPart | undefined {
    if (this.#unfinished.size >= GROWING) return undefined;
    const object = this.#batch.begin?.({ bucket: this.#bucket, key });
    if (!object) return undefined;
    const part = new GrowingPart(sequence, key, object);
    this.#byStream.set(stream, part);
    this.#unfinished.add(part);
    return part;
  }

  /** Resolves when the object is there, with the bytes that the store counts. The stream's next frame does not go to it any more. */
  async finish(stream: PartStream, part: GrowingPart): Promise<number> {
    this.#byStream.delete(stream);
    const bytes = await part.finish();
    this.#unfinished.delete(part);
    return bytes;
  }

  /** Gives up what is not finished; to be called when no frame is on its way any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#unfinished].map((part) => part[Symbol.asyncDispose]()));
  }
}
