import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const childFile = fileURLToPath(new URL("end-process-child.ts", import.meta.url));

describe("endProcess", () => {
  it("ends with the exit code that is set, whatever is left behind, when everything written has been taken", async () => {
    const child = spawn(process.execPath, [childFile, "2"], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    // The pipes are full by now, and nobody has read from them.
    await Promise.all([once(child.stdout, "readable"), once(child.stderr, "readable")]);
    const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);

    assert.deepEqual([stdout.length, stderr.length], [1_000_001, 1_000_001]);
    assert.deepEqual(await ended, [2, null]);
  });
});
