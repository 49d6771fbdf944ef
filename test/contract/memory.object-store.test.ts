import { MemoryObjectStore } from "../../shared/adapters/memory/memory-object-store.ts";
import { objectStoreContract } from "./object-store.ts";

for (const grows of [false, true]) {
  objectStoreContract(`memory${grows ? ", with objects that grow" : ""}`, async () => ({
    store: new MemoryObjectStore({ chunkBytes: 40_000, grows }),
    bucket: "routed",
    grows,
    async [Symbol.asyncDispose]() {},
  }));
}
