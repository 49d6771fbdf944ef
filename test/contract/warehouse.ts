// The promises of the Warehouse port (shared/ports/warehouse.ts), held against every adapter.
import { catalogContract } from "./warehouse-catalog.ts";
import type { OpenWarehouse } from "./warehouse-harness.ts";
import { ledgerContract } from "./warehouse-ledger.ts";
import { loadingContract } from "./warehouse-loading.ts";
import { mixedContract } from "./warehouse-mixed.ts";
import { rescueContract } from "./warehouse-rescue.ts";

export type { OpenWarehouse, WarehouseHarness, WarehouseOptions } from "./warehouse-harness.ts";

/** Declares the suite. `open` gives each test an empty warehouse of its own. */
export function warehouseContract(title: string, open: OpenWarehouse): void {
  describe(`Warehouse contract: ${title}`, () => {
    describe("catalog", () => catalogContract(open));
    describe("loading", () => loadingContract(open));
    describe("parts of several units", () => mixedContract(open));
    describe("values", () => rescueContract(open));
    describe("ledger", () => ledgerContract(open));
  });
}
