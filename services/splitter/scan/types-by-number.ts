// Event types cross from scanners to whoever takes their segments as numbers: with thousands of event types in every block, their names would
// cost more on the way than their lines.
import type { Segments } from "./contract.ts";

/** What is known of event types, by the numbers of each scanner; `make` is called once for each of them. */
export class TypesByNumber<T> {
  readonly #make: (eventType: string) => T;
  readonly #known = new Map<string, T[]>();

  constructor(make: (eventType: string) => T) {
    this.#make = make;
  }

  /** What is known, by number, once the names that these segments bring have been added. Segments of one scanner come in its order. */
  of({ numbering, firstNew, newNames }: Segments): readonly T[] {
    let known = this.#known.get(numbering);
    if (!known) this.#known.set(numbering, (known = []));
    newNames.forEach((name, index) => (known[firstNew + index] = this.#make(name)));
    return known;
  }
}
