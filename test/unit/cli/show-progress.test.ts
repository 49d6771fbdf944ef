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
    assert.ok(Number(last["lines_per_second"]) > 0);
  });

  it("says nothing of loading where nothing is loaded", async () => {
    const said = async (loads: boolean): Promise<Record<string, unknown>> => {
      const lines: string[] = [];
      const log = pino({}, { write: (line: string) => void lines.push(line) });
      const totals = new RunTotals({ loads });
      using _progress = await showProgress(context, totals, () => log);
      totals.fresh++;
      mock.timers.tick(10_000);
      await turn();
      return JSON.parse(lines[0]!);
    };

    const [splitting, running] = [await said(false), await said(true)];

    assert.deepEqual(
      [splitting["sources_split"], splitting["sources_settled"], splitting["rows"]],
      [1, undefined, undefined],
    );
    assert.deepEqual([running["sources_split"], running["sources_settled"], running["rows"]], [1, 0, 0]);
  });
});
