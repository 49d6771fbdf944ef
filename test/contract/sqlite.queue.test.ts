import { openQueueFile } from "../../shared/adapters/local/queue-file.ts";
import { tempDir } from "../helpers/temp-dir.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { queueContract } from "./queue.ts";

queueContract("sqlite", async () => {
  const dir = tempDir();
  const file = await openQueueFile(`${dir.path}/queues.sqlite`);
  let queues = 0;
  return {
    queue: async (options = {}) => file.queue(`queue ${++queues}`, { ...options, backoffSeconds: () => 0.1 }),
    async until(what, condition) {
      await waitFor(what, condition);
    },
    now: () => Date.now(),
    keepsReasons: true,
    exactDepth: true,
    async [Symbol.asyncDispose]() {
      file[Symbol.dispose]();
      dir[Symbol.dispose]();
    },
  };
});
