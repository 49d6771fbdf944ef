// Backfill on the embedded default: what is there already, by the command alone.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openForReading } from "../../../cli/compose/open-for-reading.ts";
import { backfillSchema } from "../../../cli/reports/backfill.ts";
import { runSchema } from "../../../cli/reports/run.ts";
import { openQueueFile } from "../../../shared/adapters/local/queue-file.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import { contextOf, runAudit, runReport, runVerb } from "../../helpers/run-verb.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";

const lines = (count: number): string =>
  Array.from({ length: count }, (_, n) => `{"event":"old","n":${n}}\n`).join("");
const NAMES = ["a.ndjson", "b c+é'.ndjson", "__proto__", "d.ndjson.gz", "sub/e.ndjson"];
const SETTINGS = ["--data", "data", "--set", "loader.batch_age_seconds=0.1"];

describe("backfill of files", function () {
  this.timeout(60_000);
  let dir: TempDir;
  beforeEach(() => {
    dir = tempDir();
    mkdirSync(join(dir.path, "archive", "sub"), { recursive: true });
    for (const [at, name] of NAMES.entries()) {
      const path = join(dir.path, "archive", name);
      writeFileSync(path, name.endsWith(".gz") ? gzipSync(lines(3)) : lines(3));
      utimesSync(path, new Date(), new Date(Date.UTC(2026, 9, 1 + at)));
    }
  });
  afterEach(() => dir[Symbol.dispose]());

  const backfill = async (...args: string[]) => {
    const { code, json } = await runReport(["backfill", "archive", ...SETTINGS, ...args], dir.path);
    return { code, ...backfillSchema.parse(json) };
  };
  async function lanes(): Promise<string[]> {
    await using deps = await openForReading(contextOf(dir.path), { data: "data", set: [] });
    const sources = await deps.warehouse.read.sources({ limit: 100 });
    const loads = await deps.warehouse.read.loads(sources.map(({ sourceId }) => sourceId));
    return loads.map(({ lane }) => lane);
  }

  it("counts with --dry-run, by time, and makes nothing", async () => {
    const all = await backfill("--dry-run");
    const some = await backfill("--dry-run", "--since", "2026-10-02", "--until", "2026-10-04T00:00Z");

    assert.deepEqual([all.code, all.found, all.sent, all.outside], [0, 5, 5, 0]);
    assert.deepEqual([some.found, some.sent, some.outside], [2, 2, 3]);
    assert.equal(existsSync(join(dir.path, "data")), false);
  });

  it("loads what is there, in its lane, and nothing the second time", async () => {
    const first = await backfill();
    assert.deepEqual([first.code, first.sent, first.loaded, first.lines, first.waiting], [0, 5, 5, 15, 0]);
    assert.deepEqual(await lanes(), Array(5).fill("backfill"));
    const before = await runAudit(dir.path);
    assert.equal(before.code, 0);

    const second = await backfill();

    assert.deepEqual([second.code, second.found, second.settled_before, second.sent], [0, 5, 5, 0]);
    assert.deepEqual(await runAudit(dir.path), before);
  });

  it("changes nothing over files that the live path has had, and the other way round", async () => {
    assert.equal((await runVerb(["run", "archive", "--once", ...SETTINGS], dir.path)).code, 0);
    const before = await runAudit(dir.path);
    assert.equal(before.audit.totals.rows, 15);

    const after = await backfill();
    assert.deepEqual([after.code, after.settled_before, after.sent], [0, 5, 0]);
    const again = await runReport(["run", "archive", "--once", ...SETTINGS], dir.path);
    assert.deepEqual(runSchema.parse(again.json).rows, 0);

    assert.deepEqual(await runAudit(dir.path), before);
    assert.deepEqual(await lanes(), Array(5).fill("live"));
  });

  it("loads once what both lanes are told of at the same time", async () => {
    mkdirSync(join(dir.path, "data"));
    {
      using queues = await openQueueFile(join(dir.path, "data", "queue.sqlite"));
      const told = NAMES.map((name) => s3Notification("local", join(dir.path, "archive", name), 1, "e"));
      for (const lane of ["split", "backfill"])
        await queues.queue(lane, { maxReceives: 5 }).send([...told, ...told]);
    }

    const { code } = await backfill();

    assert.equal(code, 0);
    const { code: audited, audit } = await runAudit(dir.path);
    assert.deepEqual([audited, audit.totals.rows], [0, 15]);
  });

  it("ends with 1 and says what to do about a source that is corrupt; the others are loaded", async () => {
    writeFileSync(join(dir.path, "archive", "cut.gz"), gzipSync(lines(5000)).subarray(0, 500));

    const report = await backfill();

    assert.deepEqual([report.code, report.sent, report.loaded, report.failed], [1, 6, 5, 1]);
    assert.match(report.problems[0]!.problem, /1 source corrupt/);
    assert.match(report.problems[0]!.next_step, /log-router status/);
  });

  it("says what is found, sent and loaded, to people too", async () => {
    const { code, stdout } = await runVerb(["backfill", "archive", ...SETTINGS], dir.path);

    assert.equal(code, 0);
    assert.match(
      stdout,
      /^5 source objects found \(\d+ B\); 0 settled before\n5 source objects \(\d+ B\) sent: 5 loaded in /,
    );
  });
});
