// The catalog as last read. Nothing depends on its being fresh: a plan made from an old one is answered `stale`.
import type { Catalog } from "../../shared/schema/types.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";

export class CatalogCache {
  readonly #gate: WarehouseGate;
  #catalog: Catalog | undefined;
  /** The first look: all who come before its answer wait for it. */
  #first: Promise<Catalog> | undefined;

  constructor(gate: WarehouseGate) {
    this.#gate = gate;
  }

  async current(): Promise<Catalog> {
    return this.#catalog ?? (await (this.#first ??= this.#look()));
  }

  async #look(): Promise<Catalog> {
    try {
      return await this.refresh();
    } finally {
      this.#first = undefined;
    }
  }

  /** As it is after the call. */
  async refresh(): Promise<Catalog> {
    this.#catalog = await this.#gate.run((warehouse, signal) => warehouse.catalog(signal));
    return this.#catalog;
  }
}
