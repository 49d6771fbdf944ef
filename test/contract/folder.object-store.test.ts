import { createFolderObjectStore, ROUTED_BUCKET } from "../../shared/adapters/local/folder-object-store.ts";
import { tempDir } from "../helpers/temp-dir.ts";
import { objectStoreContract } from "./object-store.ts";

objectStoreContract("folder", async () => {
  const dir = tempDir();
  return {
    store: createFolderObjectStore({ root: `${dir.path}/routed` }),
    bucket: ROUTED_BUCKET,
    grows: true,
    async [Symbol.asyncDispose]() {
      dir[Symbol.dispose]();
    },
  };
});
