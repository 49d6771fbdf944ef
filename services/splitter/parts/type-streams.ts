// Which stream a line goes to. The first `max_types_per_source` event types, in the order of the source, are kept apart: in a stream of their own, or,
// the small ones, in streams that up to 50 of them share. Later ones share `_lr_other`. Decided block by block in the order of the source, so it
// does not depend on threads. Shapes follow the lines.
import type { Config } from "../../../shared/config/schema.ts";
import { OTHER_EVENT_TYPE } from "../../../shared/contracts/words.ts";
import { mergeShape, Shape } from "../../../shared/shape/shape.ts";
import { asBuffer } from "../frame/copy-bytes.ts";
import type { Segments } from "../scan/contract.ts";
import { TypesByNumber } from "../scan/types-by-number.ts";
import { mergeByLine } from "./merge-by-line.ts";
import type { PartStream } from "./part-stream.ts";
import type { PartWriter } from "./part-writer.ts";
import { SharedStreams, type TypeStream } from "./shared-streams.ts";

export type TypeSettings = Pick<
  Config["splitter"],
  "max_types_per_source" | "keys_per_depth" | "own_part_bytes" | "memory_bytes"
>;

/** Where the lines of an event type go; `undefined` is for `_lr_other`, and `"?"` says that none has come yet. */
interface Place {
  readonly eventType: string;
  type: TypeStream | undefined | "?";
}

export class TypeStreams {
  readonly #writer: PartWriter;
  readonly #settings: TypeSettings;
  readonly #shared: SharedStreams;
  readonly #types = new Map<string, TypeStream>();
  readonly #places = new TypesByNumber<Place>((eventType) => ({ eventType, type: "?" }));
  /** Of the shapes taken so far, by the unit's event type. */
  readonly #shapes = new Map<string, Shape>();
  #other: PartStream | undefined;

  constructor(writer: PartWriter, settings: TypeSettings) {
    this.#writer = writer;
    this.#settings = settings;
    this.#shared = new SharedStreams(writer, settings);
  }

  /** Takes the segments of the next block. */
  add(segments: Segments): void {
    const { types, lines, spans, bytes } = segments;
    const places = this.#places.of(segments);
    const source = asBuffer(bytes);
    const others: Uint8Array[] = [];
    let otherLines = 0;
    for (let i = 0; i < types.length; i++) {
      const [from, to] = [spans[i * 2]!, spans[i * 2 + 1]!];
      const place = places[types[i]!]!;
      if (place.type === "?") place.type = this.#typeOf(place.eventType);
      if (place.type) this.#shared.append(place.type, source, from, to, lines[i]!);
      else {
        others.push(bytes.subarray(from, to));
        otherLines += lines[i]!;
      }
    }
    if (others.length === 0) return;
    this.#other ??= this.#writer.open(OTHER_EVENT_TYPE);
    this.#other.append(asBuffer(mergeByLine(others)), otherLines);
  }

  /** To be called when all segments have been added. */
  end(): void {
    this.#shared.end();
  }

  /** Takes shapes of lines that have all been added. */
  addShapes(shapes: ReadonlyMap<string, Shape>): void {
    for (const [eventType, shape] of shapes) {
      const name = this.#types.has(eventType) ? eventType : OTHER_EVENT_TYPE;
      let merged = this.#shapes.get(name);
      if (!merged) this.#shapes.set(name, (merged = new Shape()));
      mergeShape(merged, shape, this.#settings.keys_per_depth);
    }
  }

  /** True when shapes were taken that have not been handed over. */
  get hasShapes(): boolean {
    return this.#shapes.size > 0;
  }

  /** Hands over what has been merged of the shape of a unit's event type, if anything. */
  takeShape(eventType: string): Shape | undefined {
    const shape = this.#shapes.get(eventType);
    this.#shapes.delete(eventType);
    return shape;
  }

  /** How many event types are kept apart so far. */
  get count(): number {
    return this.#types.size;
  }

  /** The event types that are kept apart, without `_lr_other`. */
  get names(): Iterable<string> {
    return this.#types.keys();
  }

  /** Undefined for types that share `_lr_other`; an event type of that very name is one of them. */
  #typeOf(eventType: string): TypeStream | undefined {
    const known = this.#types.get(eventType);
    const isFull = this.#types.size >= this.#settings.max_types_per_source;
    if (known || isFull || eventType === OTHER_EVENT_TYPE) return known;
    const opened = this.#shared.open(eventType);
    this.#types.set(eventType, opened);
    return opened;
  }
}
