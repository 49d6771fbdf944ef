import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { waitFor } from "../../helpers/wait-for.ts";

const childFile = fileURLToPath(new URL("run-process-child.ts", import.meta.url));

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
}

const CLOSED = ["second resource closed", "first resource closed"];

describe("runProcess", () => {
  const children: Child[] = [];

  function start(mode: string, graceSeconds = 5, after = ""): Child {
    const child = spawn(process.execPath, [childFile, mode, String(graceSeconds), after], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
    });
    const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
    const started = { process: child, lines, ended };
    children.push(started);
    return started;
  }

  async function ready(child: Child): Promise<Child> {
    await waitFor("the process", () => child.lines.includes("ready"));
    return child;
  }

  afterEach(() => {
    for (const child of children.splice(0)) child.process.kill("SIGKILL");
  });

  const endings: readonly (readonly [mode: string, code: number, log: string[]])[] = [
    ["done", 0, []],
    ["three", 3, []],
    ["failed", 1, ["fatal failed"]],
    ["config", 2, ["fatal failed"]],
  ];
  for (const [mode, code, log] of endings) {
    it(`exits ${code} when the work ends with ${mode}, its resources closed in reverse order`, async () => {
      const child = start(mode);

      assert.deepEqual(await child.ended, { code, signal: null });
      assert.deepEqual(child.lines, ["ready", ...CLOSED, ...log]);
    });
  }

  for (const mode of ["crash", "rejection"]) {
    it(`exits 1 at once on a ${mode} that nobody catches`, async () => {
      const child = start(mode);

      assert.deepEqual(await child.ended, { code: 1, signal: null });
      assert.deepEqual(child.lines, ["ready", "fatal crashed"]);
    });
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`drains on ${signal} and ends by the same signal`, async () => {
      const child = await ready(start("drains"));

      child.process.kill(signal);

      assert.deepEqual(await child.ended, { code: null, signal });
      assert.deepEqual(child.lines, ["ready", "info stop_requested", "stopping", ...CLOSED]);
    });
  }

  it("exits 0 after a drain where that is asked for", async () => {
    const child = await ready(start("drains", 5, "exit"));

    child.process.kill("SIGINT");

    assert.deepEqual(await child.ended, { code: 0, signal: null });
  });

  it("aborts what has not drained when the grace is over, and closes the resources", async () => {
    const child = await ready(start("needs-abort", 0.2));

    child.process.kill("SIGTERM");

    assert.deepEqual(await child.ended, { code: null, signal: "SIGTERM" });
    assert.deepEqual(child.lines, ["ready", "info stop_requested", "warn grace_over", "aborted", ...CLOSED]);
  });

  it("exits 3 on a second signal, but not on the echo of the first", async () => {
    const child = await ready(start("stubborn", 60));
    child.process.kill("SIGINT");
    child.process.kill("SIGTERM");
    await waitFor("the first signal", () => child.lines.includes("info stop_requested"));
    const first = Date.now();
    await waitFor("the echo to be over", () => Date.now() - first > 150);
    assert.equal(child.process.exitCode, null, "one Ctrl-C may arrive twice");

    child.process.kill("SIGINT");

    assert.deepEqual(await child.ended, { code: 3, signal: null });
    assert.deepEqual(child.lines, ["ready", "info stop_requested", "warn stop_forced"]);
  });

  it("exits 3 when the work does not end after the abort either", async () => {
    const child = await ready(start("stubborn", 0.1));

    child.process.kill("SIGTERM");

    assert.deepEqual(await child.ended, { code: 3, signal: null });
    assert.deepEqual(child.lines.slice(-2), ["warn grace_over", "warn stop_forced"]);
  });

  it("loses nothing of what was written to a pipe", async () => {
    const child = start("large-output");

    await child.ended;

    assert.ok(child.lines.some((line) => line.length === 1_000_000));
    assert.deepEqual(child.lines.slice(-2), CLOSED);
  });
});
