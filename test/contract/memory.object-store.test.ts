import { MemoryObjectStore } from "../../shared/adapters/memory/memory-object-store.ts";
import { objectStoreContract } from "./object-store.ts";

objectStoreContract("memory", async () => ({
  store: new MemoryObjectStore({ chunkBytes: 40_000 }),
  bucket: "routed",
  async [Symbol.asyncDispose]() {},
}));
