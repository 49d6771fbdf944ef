// Event types of which a source has little share parts: a part of a few kilobytes costs a request, a file and a place in a manifest like a large
// one. A type begins *young*, with a stream of its own. When it has `own_part_bytes` it is grown and keeps that stream. When the young ones of a
// source hold too much memory together, those with a fair part of it are taken for grown, and the others move into shared streams, where what
// comes of them later follows; one that grows there gets a stream of its own for the rest, so that a shared part never fills up with a large
// type. At the end all young ones share. The lines of a type keep their order.
import type { PartStream } from "./part-stream.ts";
import type { PartWriter } from "./part-writer.ts";

/** Event types of a shared stream at the most: as many tables as the loader takes into one load. */
export const TYPES_A_PART = 50;
/** This share of the memory for raw lines may be held by young types of one source. */
export const YOUNG_SHARE = 1 / 4;
/** What has this share of `own_part_bytes` after the first few megabytes of a source is a hundredth of it, and will grow if the source is long. */
const FAIR_SHARE = 1 / 16;

export interface TypeStream {
  readonly eventType: string;
  stream: PartStream;
  /** Uncompressed bytes so far. */
  bytes: number;
  state: "young" | "shared" | "grown";
}

export interface SharingSettings {
  readonly own_part_bytes: number;
  readonly memory_bytes: number;
}

export class SharedStreams {
  readonly #writer: PartWriter;
  readonly #ownBytes: number;
  readonly #mostYoungBytes: number;
  /** In the order in which they came. */
  readonly #young = new Set<TypeStream>();
  #youngBytes = 0;
  /** The stream that the next small types share, and how many do. */
  #filling: { readonly stream: PartStream; types: number } | undefined;

  constructor(writer: PartWriter, { own_part_bytes, memory_bytes }: SharingSettings) {
    this.#writer = writer;
    this.#ownBytes = own_part_bytes;
    this.#mostYoungBytes = memory_bytes * YOUNG_SHARE;
  }

  open(eventType: string): TypeStream {
    const isYoung = this.#ownBytes > 0;
    const type: TypeStream = {
      eventType,
      stream: this.#writer.open(eventType),
      bytes: 0,
      state: isYoung ? "young" : "grown",
    };
    if (isYoung) this.#young.add(type);
    return type;
  }

  /** Whole lines of an event type: the bytes of `source` between `from` and `to`. */
  append(type: TypeStream, source: Buffer, from: number, to: number, lines: number): void {
    if (type.state !== "grown") this.#count(type, to - from);
    const mark = type.state === "shared" ? type.eventType : undefined;
    type.stream.append(source, lines, mark, true, from, to);
    if (this.#youngBytes > this.#mostYoungBytes) this.#share(this.#ownBytes * FAIR_SHARE);
  }

  /** No more lines come: whoever is still young shares. */
  end(): void {
    this.#share(this.#ownBytes, true);
  }

  #count(type: TypeStream, bytes: number): void {
    type.bytes += bytes;
    if (type.state === "young") this.#youngBytes += bytes;
    if (type.bytes < this.#ownBytes) return;
    if (type.state === "young") this.#leaveYoung(type);
    else type.stream = this.#writer.open(type.eventType);
    type.state = "grown";
  }

  #leaveYoung(type: TypeStream): void {
    this.#young.delete(type);
    this.#youngBytes -= type.bytes;
  }

  #share(fairBytes: number, isEnd = false): void {
    for (const type of this.#young) {
      this.#leaveYoung(type);
      if (isGrown(type, fairBytes)) type.state = "grown";
      else this.#moveToShared(type, fairBytes, isEnd);
    }
  }

  #moveToShared(type: TypeStream, fairBytes: number, isEnd: boolean): void {
    if (!this.#filling || this.#filling.types >= TYPES_A_PART) {
      this.#filling = { stream: this.#writer.open(), types: 0 };
      if (isEnd) this.#filling.stream.expect(this.#bytesOfNext(type, fairBytes));
    }
    this.#filling.types++;
    this.#writer.move(type.stream, this.#filling.stream);
    type.stream = this.#filling.stream;
    type.state = "shared";
  }

  /** Of this event type and the young ones that are going to share a part with it. */
  #bytesOfNext(first: TypeStream, fairBytes: number): number {
    let [bytes, types] = [first.bytes, 1];
    for (const type of this.#young) {
      if (types === TYPES_A_PART) break;
      if (isGrown(type, fairBytes)) continue;
      bytes += type.bytes;
      types++;
    }
    return bytes;
  }
}

/** One with frames: its memory was wanted by others, and compressed; what is left of it follows that. */
function isGrown({ bytes, stream }: TypeStream, fairBytes: number): boolean {
  return bytes >= fairBytes || stream.hasFrames;
}
