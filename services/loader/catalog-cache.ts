// The catalog as last read. Nothing depends on its being fresh: a plan made from an old one is answered `stale`.
import type { Catalog } from "../../shared/schema/types.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";

export class CatalogCache {
  readonly #gate: WarehouseGate;
  #catalog: Catalog | undefined;

  constructor(gate: WarehouseGate) {
    this.#gate = gate;
  }

  async current(): Promise<Catalog> {
    return this.#catalog ?? (await this.refresh());
  }

  async refresh(): Promise<Catalog> {
    this.#catalog = await this.#gate.run((warehouse, signal) => warehouse.catalog(signal));
    return this.#catalog;
  }
}
