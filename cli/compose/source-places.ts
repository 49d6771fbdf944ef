// How many sources are in work at the same time, by their size: small ones wait for the disk more than they work, so several take the place of a
// large one (measured: services/splitter/README.md).
import { WeightedLimit } from "../../shared/runtime/weighted-limit.ts";
import { SMALL_STORED_BYTES } from "../../services/splitter/read/read-small.ts";

const PLACES_OF_LARGE = 32;
/** Stored bytes of a source that takes one place. */
const PLACE_BYTES = 32 * 1024;
/** One that is not small is read with buffers of megabytes, however little larger it is. */
const PLACES_WITH_BUFFERS = 8;

export class SourcePlaces {
  readonly #limit: WeightedLimit;

  /** `large`: sources of a megabyte and more at the same time. */
  constructor(large: number) {
    this.#limit = new WeightedLimit(large * PLACES_OF_LARGE);
  }

  /** Runs the work when there is a place for a source of so many stored bytes; in the order of the calls. */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const least = bytes > SMALL_STORED_BYTES ? PLACES_WITH_BUFFERS : 1;
    const places = Math.min(PLACES_OF_LARGE, Math.max(least, Math.ceil(bytes / PLACE_BYTES)));
    return this.#limit.run(places, work);
  }

  /** Resolves when whoever calls `run` next need not wait behind others. */
  free(): Promise<void> {
    return this.#limit.nobodyWaits();
  }
}
