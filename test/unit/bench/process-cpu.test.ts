import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cpuSeconds, parseStat, used } from "../../../bench/aws/process-cpu.ts";
import { quantile } from "../../../bench/aws/quantile.ts";
import { waitFor } from "../../helpers/wait-for.ts";

describe("processor time of processes", () => {
  it("is read from behind the command's name, whatever that is", () => {
    const text = "42 (a) S (b) R 7 42 42 0 -1 4194304 1 2 3 4 11 12 13 14 20 0 1 0 100";

    assert.deepEqual(parseStat(text), { parent: 7, command: "a) S (b", ticks: 50 });
  });

  it("counts what a process has started, while that runs and when it has ended, and some of it apart", async () => {
    const busy = "while (process.cpuUsage().user < 300_000);";
    const shell = spawn(
      "sh",
      ["-c", `"$0" -e "$1"; "$0" -e "$1 setInterval(() => {}, 1000)" & wait`, process.execPath, busy],
      {
        stdio: "ignore",
        detached: true,
      },
    );
    try {
      const pid = shell.pid!;
      const apart = { command: readFileSync("/proc/self/comm", "utf8").trim(), name: "node" };
      // The first has ended: its time is the shell's. The second runs.
      await waitFor("the time of both, apart", () => {
        const seconds = cpuSeconds([{ name: "shell", pid, apart }]);
        return (seconds.get("shell") ?? 0) >= 0.3 && (seconds.get("node") ?? 0) >= 0.3;
      });
      assert.ok(cpuSeconds([{ name: "all", pid }]).get("all")! >= 0.6);
    } finally {
      process.kill(-shell.pid!, "SIGKILL");
      await once(shell, "exit");
    }
  });

  it("between two looks begins at 0 for processes that came later", () => {
    assert.deepEqual(
      used(new Map([["a", 2]]), new Map([["a", 5], ["b", 1]])), // prettier-ignore
      new Map([["a", 3], ["b", 1]]), // prettier-ignore
    );
  });

  it("quantiles are values that were seen", () => {
    assert.equal(quantile([4, 1, 3, 2], 0.5), 2);
    assert.equal(quantile([4, 1, 3, 2], 0.95), 4);
    assert.equal(quantile([7], 0), 7);
    assert.throws(() => quantile([], 0.5));
  });
});
