// Which stream a line goes to: the first `max_types_per_source` event types, in the order of the source, have their own; later ones share
// `_lr_other`. Decided block by block in the order of the source, so it does not depend on threads or blocks. Shapes follow the lines.
import { OTHER_EVENT_TYPE } from "../../../shared/contracts/words.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import type { Segments } from "../scan/contract.ts";
import { TypesByNumber } from "../scan/types-by-number.ts";
import { mergeByLine } from "./merge-by-line.ts";
import type { PartStream } from "./part-stream.ts";
import type { PartWriter } from "./part-writer.ts";

/** Where the lines of an event type go; `undefined` is for `_lr_other`, and `"?"` says that none has come yet. */
interface Place {
  readonly eventType: string;
  stream: PartStream | undefined | "?";
}

export class TypeStreams {
  readonly #writer: PartWriter;
  readonly #maxTypes: number;
  readonly #keysPerDepth: readonly number[];
  readonly #own = new Map<string, PartStream>();
  readonly #places = new TypesByNumber<Place>((eventType) => ({ eventType, stream: "?" }));
  /** Of the shapes taken so far, by the part's event type. */
  readonly #shapes = new Map<string, Shape>();
  #other: PartStream | undefined;

  constructor(writer: PartWriter, maxTypes: number, keysPerDepth: readonly number[]) {
    this.#writer = writer;
    this.#maxTypes = maxTypes;
    this.#keysPerDepth = keysPerDepth;
  }

  /** Event types with streams of their own, `_lr_other` included. */
  get count(): number {
    return this.#own.size + (this.#other ? 1 : 0);
  }

  /** Takes the segments of the next block. */
  add(segments: Segments): void {
    const { types, lines, spans, bytes } = segments;
    const places = this.#places.of(segments);
    const others: Uint8Array[] = [];
    let otherLines = 0;
    for (let i = 0; i < types.length; i++) {
      const segment = bytes.subarray(spans[i * 2], spans[i * 2 + 1]);
      const place = places[types[i]!]!;
      if (place.stream === "?") place.stream = this.#streamOf(place.eventType);
      if (place.stream) place.stream.append(segment, lines[i]!);
      else {
        others.push(segment);
        otherLines += lines[i]!;
      }
    }
    if (others.length === 0) return;
    this.#other ??= this.#writer.open(OTHER_EVENT_TYPE);
    this.#other.append(mergeByLine(others), otherLines);
  }

  /** Takes shapes of lines that have all been added. */
  addShapes(shapes: ReadonlyMap<string, Shape>): void {
    for (const [eventType, shape] of shapes) {
      const name = this.#own.has(eventType) ? eventType : OTHER_EVENT_TYPE;
      let merged = this.#shapes.get(name);
      if (!merged) this.#shapes.set(name, (merged = new Shape()));
      mergeShape(merged, shape, this.#keysPerDepth);
    }
  }

  /** Hands over what has been merged of the shape of a part's event type, if anything. */
  takeShape(eventType: string): Shape | undefined {
    const shape = this.#shapes.get(eventType);
    this.#shapes.delete(eventType);
    return shape;
  }

  /** The event types with streams of their own, without `_lr_other`. */
  get names(): Iterable<string> {
    return this.#own.keys();
  }

  /** Undefined for types that share `_lr_other`; an event type of that very name is one of them. */
  #streamOf(eventType: string): PartStream | undefined {
    const known = this.#own.get(eventType);
    if (known || this.#own.size >= this.#maxTypes || eventType === OTHER_EVENT_TYPE) return known;
    const opened = this.#writer.open(eventType);
    this.#own.set(eventType, opened);
    return opened;
  }
}
