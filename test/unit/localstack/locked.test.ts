import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { locked } from "../../../localstack/stack/locked.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const MODULE = join(import.meta.dirname, "../../../localstack/stack/locked.ts");

describe("one up of the stack at a time", () => {
  it("lets nobody in while somebody is, in this process and in others", async () => {
    using dir = tempDir();
    const folder = join(dir.path, "a", "stack");
    const steps: string[] = [];
    const release = Promise.withResolvers<void>();
    const first = locked(folder, async () => {
      steps.push("first in");
      await release.promise;
      steps.push("first out");
    });
    const second = locked(
      folder,
      async () => void steps.push("second in"),
      () => steps.push("second waits"),
    );
    await waitFor("the second", () => steps.length === 2);
    const program = `import { locked } from ${JSON.stringify(MODULE)}; await locked(process.argv[1], async () => {}, () => console.log("waits"), 200)`;
    const other = spawn(process.execPath, ["--input-type=module", "-e", program, folder], {
      stdio: "ignore",
    });
    const [code] = (await once(other, "exit")) as [number];
    assert.equal(code, 1);

    release.resolve();
    await Promise.all([first, second]);

    assert.deepEqual(steps, ["first in", "second waits", "first out", "second in"]);
  });

  it("is over when its holder is killed, or throws", async () => {
    using dir = tempDir();
    const folder = join(dir.path, "stack");
    const program = `import { locked } from ${JSON.stringify(MODULE)}; await locked(process.argv[1], () => { console.log("in"); return new Promise((done) => setTimeout(done, 60_000)) })`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", program, folder], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(holder.stdout, "data");
    const exit = once(holder, "exit");
    let hasWaited = false;
    const mine = locked(
      folder,
      async () => "mine",
      () => {
        hasWaited = true;
        holder.kill("SIGKILL");
      },
    );

    assert.equal(await mine, "mine");
    assert.ok(hasWaited);
    await exit;
    await assert.rejects(
      locked(folder, () => Promise.reject(new Error("mine"))),
      /mine/,
    );
    assert.equal(await locked(folder, async () => "again"), "again");
  });
});
