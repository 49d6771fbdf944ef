import assert from "node:assert/strict";
import {
  readResult,
  summarise,
  writeResult,
  type CaseResult,
  type SuiteResult,
} from "../../../bench/harness/result.ts";
import type { Cost } from "../../../bench/harness/measure.ts";
import { performancePage } from "../../../scripts/docs/performance-page.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

const cost = (wall: number, cpu: number, mib: number): Cost => ({
  wall_seconds: wall,
  user_seconds: cpu / 2,
  system_seconds: cpu / 2,
  peak_bytes: mib * 1024 ** 2,
});

const CASE: CaseResult = {
  id: "usual",
  title: "The usual file",
  input: { name: "100 MB", files: 1, stored_bytes: 15e6, raw_bytes: 100e6, lines: 1000, event_types: 14 },
  baseline: "zcat-zstd",
  rounds: 3,
  load_before: 0.1,
  load_after: 1.2,
  contestants: [
    {
      id: "zcat-zstd",
      title: "zcat | zstd -1",
      command: 'zcat "$FILE"',
      samples: [cost(1, 1, 10), cost(10, 1, 10), cost(2, 1, 10)],
    },
    {
      id: "log-router",
      title: "log-router split",
      command: "split",
      samples: [cost(0.5, 2, 100), cost(6, 2, 300), cost(1.2, 4, 200)],
    },
    { id: "miller", title: "Miller", command: "mlr", absent: "not installed", samples: [] },
  ],
};

const SUITE: SuiteResult = {
  suite: "split",
  date: "2026-01-05T08:00:00.000Z",
  seconds: 60,
  quick: false,
  machine: {
    platform: "linux",
    cpu: "some",
    cores: 2,
    memory_bytes: 1024 ** 3,
    node: "v24.0.0",
    commit: "0123456789",
    uncommitted: [],
  },
  versions: { zstd: "1.5" },
  cases: [CASE],
};

describe("summarise", () => {
  it("gives medians, and ratios to the baseline within each round", () => {
    const summary = summarise(CASE, "log-router");

    assert.deepEqual(summary, {
      wallSeconds: 1.2,
      cpuSeconds: 2,
      peakMib: 200,
      megabytesPerSecond: 100 / 1.2,
      wallRatio: 0.6,
      cpuRatio: 2,
      wallRatios: [0.5, 0.6],
    });
  });

  it("has nothing of who did not take part", () => {
    assert.equal(summarise(CASE, "miller"), undefined);
    assert.equal(summarise(CASE, "nobody"), undefined);
  });
});

describe("the performance page", () => {
  it("says of each bar whether the figures meet it, and what was not measured", () => {
    using dir = tempDir();
    writeResult(SUITE, dir.path);

    const page = performancePage(dir.path);

    assert.match(page, /\| splitting, wall time to `zcat \\\| zstd -1` \| ≤ 0\.65 \| 0\.60 \| met \|/);
    assert.match(page, /\| splitting, CPU to `zcat \\\| zstd -1` \| ≤ 1\.00 \| 2\.00 \| \*\*not met\*\* \|/);
    assert.match(page, /\| throughput to plain Node streams \| ≥ 5\.00 \| not measured \|  \|/);
    assert.match(page, /\| peak memory [^|]*\| ≤ 256 MiB \| 200 MiB \| met \|/);
    assert.match(page, /\| Miller \| not installed \|/);
    assert.match(page, /# log-router split\nsplit\n/);
  });

  it("says so when the machine was busy", () => {
    using dir = tempDir();
    writeResult({ ...SUITE, cases: [{ ...CASE, load_before: 7 }] }, dir.path);

    assert.match(performancePage(dir.path), /The machine had other work to do\*\* \(load up to 7\.0/);
  });

  it("is made from what was written, and from nothing when there is nothing", () => {
    using dir = tempDir();

    assert.match(performancePage(dir.path), /Not measured yet/);
    writeResult(SUITE, dir.path);
    assert.deepEqual(readResult("split", dir.path), SUITE);
    assert.equal(readResult("peers", dir.path), undefined);
  });
});
