import assert from "node:assert/strict";
import pc from "picocolors";
import { renderRun } from "../../../cli/output/run-summary.ts";
import type { CliContext } from "../../../cli/context.ts";
import type { RunReport } from "../../../cli/reports/run.ts";

const type = { event_type: "click", table: "clicks", rows: 2000, columns: 3, quarantined: 1, rescued: 4 };
const report: RunReport = {
  stopped: false,
  seconds: 2,
  sources: { announced: 1, unchanged: 0, split: 1, failed: 0 },
  lines: 3007,
  rows: 3000,
  quarantined: 6,
  dropped: 1,
  blank: 0,
  raw_bytes: 5_000_000,
  event_types: [
    type,
    { ...type, event_type: "view", table: "views", rows: 1000, quarantined: 0, rescued: 0 },
  ],
  problems: [],
  warnings: [],
};

function rendered(changed: Partial<RunReport> = {}): string[] {
  const stdout = { write: () => true, isTTY: true, columns: 80 };
  const context: CliContext = {
    stdout,
    stderr: stdout,
    env: {},
    cwd: "/",
    colours: pc.createColors(false),
    now: () => new Date(),
    signals: { listen: () => assert.fail("nothing listens here") },
  };
  return renderRun(context, { ...report, ...changed }).split("\n");
}

describe("renderRun", () => {
  it("closes the table with the sums, the time and the speed of the run", () => {
    const cells = rendered().map((line) => line.trim().split(/ {2,}/));

    assert.deepEqual(cells[0], [
      "event type",
      "table",
      "rows",
      "columns",
      "quarantined",
      "rescued",
      "time",
      "MB/s",
    ]);
    assert.deepEqual(cells[1], ["click", "clicks", "2,000", "3", "1", "4"]);
    assert.deepEqual(cells[3], ["total", "3,000", "6", "4", "2 s", "2.5"]);
  });

  it("stays within a terminal of 80 columns", () => {
    const long = {
      ...type,
      event_type: "a rather long event type",
      table: "a_rather_long_event_type",
      rows: 12_345_678,
    };

    assert.ok(
      rendered({ event_types: [long], rows: 12_345_678 })
        .slice(0, 3)
        .every((line) => line.length <= 80),
    );
  });

  it("says when there was nothing to do", () => {
    const nothing = {
      rows: 0,
      event_types: [],
      sources: { announced: 0, unchanged: 2, split: 0, failed: 0 },
    };

    assert.match(rendered(nothing).join("\n"), /^Nothing new: 2 files already loaded/);
  });
});
