// How many sources are in work at the same time, by their size: small ones wait for the store more than they work, so several take the place of a
// large one (measured: README.md).
import { WeightedLimit } from "../../shared/runtime/weighted-limit.ts";
import { SMALL_STORED_BYTES } from "./read/read-small.ts";

/** The most that a source takes. */
export const PLACES_OF_LARGE = 32;
/** Stored bytes of a source that takes one place. */
const PLACE_BYTES = 32 * 1024;
/** One that is not small is read with buffers of megabytes, however little larger it is. */
const PLACES_WITH_BUFFERS = 8;

/** Places that a source of so many stored bytes takes; one of unknown size takes as many as a large one. */
export function placesOf(bytes: number | undefined): number {
  if (bytes === undefined) return PLACES_OF_LARGE;
  const least = bytes > SMALL_STORED_BYTES ? PLACES_WITH_BUFFERS : 1;
  return Math.min(PLACES_OF_LARGE, Math.max(least, Math.ceil(bytes / PLACE_BYTES)));
}

export class SourcePlaces {
  readonly #limit: WeightedLimit;

  /** `large`: sources of a megabyte and more at the same time. */
  constructor(large: number) {
    this.#limit = new WeightedLimit(large * PLACES_OF_LARGE);
  }

  /** Runs the work when there is a place for a source of so many stored bytes; in the order of the calls. */
  run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    return this.#limit.run(placesOf(bytes), work);
  }

  /** Resolves when whoever calls `run` next need not wait behind others. */
  free(): Promise<void> {
    return this.#limit.nobodyWaits();
  }
}
