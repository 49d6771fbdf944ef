// Runs around every test file: what a test leaves behind fails the run.
import assert from "node:assert/strict";
import { stopEmulators } from "./emulators.ts";
import { stopSharedPostgres } from "./stand-in.ts";
import { leakedTempDirs } from "./temp-dir.ts";

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await Promise.all([stopEmulators(), stopSharedPostgres()]);
    assert.deepEqual(leakedTempDirs(), [], "temporary folders left behind by tests");
  },
};
