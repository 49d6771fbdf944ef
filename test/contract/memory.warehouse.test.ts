import { MemoryObjectStore } from "../../shared/adapters/memory/memory-object-store.ts";
import { MemoryWarehouse } from "../../shared/adapters/memory/memory-warehouse.ts";
import { warehouseContract } from "./warehouse.ts";

warehouseContract("memory", async ({ rewriteRows, foreignTables }) => {
  const store = new MemoryObjectStore();
  const clock = { now: () => new Date(), sleep: () => Promise.resolve() };
  return {
    warehouse: new MemoryWarehouse({ store, clock, rewriteRows, foreignTables }),
    bucket: "routed",
    async put(key, bytes) {
      await store.put({ bucket: "routed", key }, bytes);
    },
    async [Symbol.asyncDispose]() {},
  };
});
