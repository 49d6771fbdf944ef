// Runs around every test file: what a test leaves behind fails the run.
import assert from "node:assert/strict";
import { leakedTempDirs } from "./temp-dir.ts";

export const mochaHooks = {
  afterAll(): void {
    assert.deepEqual(leakedTempDirs(), [], "temporary folders left behind by tests");
  },
};
