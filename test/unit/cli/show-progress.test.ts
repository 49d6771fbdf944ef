import assert from "node:assert/strict";
import { mock } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import pino from "pino";
import pc from "picocolors";
import type { CliContext } from "../../../cli/context.ts";
import { RunTotals } from "../../../cli/progress/run-totals.ts";
import { showProgress } from "../../../cli/progress/show-progress.ts";

const nowhere = { write: () => true };
const context: CliContext = {
  stdout: nowhere,
  stderr: nowhere,
  env: {},
  cwd: "/",
  colours: pc.createColors(false),
  now: () => new Date(),
  signals: {
    listen: () => {
      throw new Error("not asked for here");
    },
  },
};

describe("progress without a terminal", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  it("is a log line every 10 s in which something happened, and none while a service waits", async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const totals = new RunTotals({ keepIds: false });
    const tenSeconds = async (): Promise<number> => {
      const before = lines.length;
      mock.timers.tick(10_000);
      await turn();
      return lines.length - before;
    };
    {
      using _progress = await showProgress(context, totals, () => log);

      const shown = [await tenSeconds()];
      totals.sourceFound("a", 7);
      shown.push(await tenSeconds(), await tenSeconds());
      totals.split(7, 70, 3);
      shown.push(await tenSeconds(), await tenSeconds());

      assert.deepEqual(shown, [0, 1, 0, 1, 0]);
    }
    totals.split(7, 70, 3);
    assert.equal(await tenSeconds(), 0);
    const last: Record<string, unknown> = JSON.parse(lines.at(-1)!);
    assert.deepEqual([last["event"], last["sources_found"], last["lines"]], ["progress", 1, 3]);
  });
});
