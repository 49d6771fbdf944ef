import assert from "node:assert/strict";
import { MemoryQueue } from "../../shared/adapters/memory/memory-queue.ts";
import { ManualClock } from "../../shared/runtime/clock.ts";
import { queueContract } from "./queue.ts";

queueContract("memory", async () => {
  const clock = new ManualClock();
  return {
    queue: async (options = {}) => new MemoryQueue({ clock, ...options }),
    async until(what, condition) {
      const end = Date.now() + 10_000;
      while (!(await condition())) {
        assert.ok(Date.now() < end, `waited for ${what}`);
        await clock.advance(20);
      }
    },
    now: () => clock.now().getTime(),
    keepsReasons: true,
    exactDepth: true,
    async [Symbol.asyncDispose]() {},
  };
});
