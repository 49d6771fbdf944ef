// Every verb on one real data folder, in this process; main.ts and signals are tested in processes.test.ts.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { z } from "zod";
import { auditSchema } from "../../../cli/reports/audit.ts";
import { gcSchema } from "../../../cli/reports/gc.ts";
import { quarantineLineSchema, quarantineListSchema } from "../../../cli/reports/quarantine.ts";
import { runSchema } from "../../../cli/reports/run.ts";
import { schemaSchema } from "../../../cli/reports/schema.ts";
import { splitReportSchema } from "../../../cli/reports/split.ts";
import { statusSchema } from "../../../cli/reports/status.ts";
import { whereSchema } from "../../../cli/reports/where.ts";
import { runReport, runVerb } from "../../helpers/run-verb.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";

const LINES = [
  '{"event":"click","at":"2026-01-05T08:00:00Z","user":{"id":1}}',
  '{"event":"click","at":"2026-01-05T08:00:01Z","user":{"id":2}}',
  "",
  "no json \u001b[31m",
  '{"event":"view","page":"/"}',
];

describe("verbs", () => {
  let dir: TempDir;

  /** `--json` of a verb, checked against the schema that docs/cli.md is made of. */
  async function json<T extends z.ZodType>(schema: T, ...args: string[]): Promise<z.infer<T>> {
    return schema.parse((await runReport(args, dir.path)).json);
  }

  before(async () => {
    dir = tempDir();
    writeFileSync(join(dir.path, "it's a.ndjson"), LINES.join("\n"));
    const torn = gzipSync(
      Buffer.from(Array.from({ length: 5000 }, (_, i) => `{"event":"click","n":${i}}\n`).join("")),
    );
    writeFileSync(join(dir.path, "torn.gz"), torn.subarray(0, torn.length / 2));

    const run = await json(runSchema, "run", ".", "--once");

    assert.deepEqual(run.sources, { announced: 2, unchanged: 0, split: 2, failed: 1 });
    assert.equal(run.rows, 3);
    assert.match(run.problems[0]!.problem, /torn\.gz is corrupt/);
  });

  after(() => dir[Symbol.dispose]());

  it("run again: loads nothing, and still fails for the corrupt file", async () => {
    const { code, stdout } = await runVerb(["run", ".", "--once"], dir.path);

    assert.equal(code, 1);
    assert.match(stdout, /Nothing new: 2 files already loaded/);
    assert.match(stdout, /log-router salvage/);
  });

  it("status", async () => {
    const report = await json(statusSchema, "status");

    assert.deepEqual(
      report.event_types.map(({ event_type: type, rows }) => [type, rows]),
      [
        ["click", 2],
        ["view", 1],
      ],
    );
    assert.ok(
      report.event_types.every(({ freshness_seconds: freshness }) => freshness !== null && freshness > 0),
    );
    assert.equal(report.sources.failed, 1);
    assert.equal(report.problems[0]?.state, "failed");
    assert.deepEqual(report.queues.split, { visible: 0, in_flight: 0, delayed: 0, dead: 0 });
  });

  it("audit, with tables and sources", async () => {
    const { code, json: report } = await runReport(
      ["audit", "--tables", "--all", "--sources", "."],
      dir.path,
    );
    const audit = auditSchema.parse(report);

    assert.equal(code, 0);
    assert.deepEqual(audit.totals, { lines: 5, rows: 3, rejected: 0, quarantined: 1, dropped: 0, blank: 1 });
    assert.match(audit.without_rows[0]!.reason, /after line \d+, byte \d+/);
    assert.equal(audit.by_source?.length, 2);
  });

  it("audit --sources fails for a file that nobody has routed", async () => {
    writeFileSync(join(dir.path, "new.ndjson"), '{"event":"click"}\n');

    const { code, stdout } = await runVerb(["audit", "--sources", "new.ndjson"], dir.path);

    assert.equal(code, 1);
    assert.match(stdout, /no receipt: .*new\.ndjson/);
  });

  it("where: by path, by id, by the start of an id", async () => {
    const [byPath] = await json(whereSchema.array(), "where", "it's a.ndjson");
    const [byId] = await json(whereSchema.array(), "where", byPath!.source_id);
    const [byPrefix] = await json(whereSchema.array(), "where", byPath!.source_id.slice(0, 8));

    assert.equal(byPath!.state, "loaded");
    assert.deepEqual(
      byPath!.units.map(({ event_type: type, rows }) => [type, rows]),
      [
        ["click", 2],
        ["view", 1],
      ],
    );
    assert.deepEqual(byId, byPath);
    assert.deepEqual(byPrefix, byPath);
  });

  it("where: says what to do about a corrupt file, one that waits, and one that is nowhere", async () => {
    const [torn] = await json(whereSchema.array(), "where", "torn.gz");
    const [waiting] = await json(whereSchema.array(), "where", "new.ndjson");
    const nowhere = await runVerb(["where", "nowhere"], dir.path);

    assert.match(torn!.next_step, /log-router salvage \S+torn\.gz/);
    assert.equal(waiting!.state, "waiting");
    assert.match(waiting!.next_step, /log-router run \S+new\.ndjson --once/);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /nothing is known of nowhere/);
  });

  it("quarantine: reasons, escaped on a terminal, and the bytes unchanged with --raw", async () => {
    const list = await json(quarantineListSchema, "quarantine", "list");
    const [line] = await json(quarantineLineSchema.array(), "quarantine", "show", "it's a.ndjson");
    const shown = await runVerb(["quarantine", "show", "it's a.ndjson"], dir.path);
    const raw = await runVerb(["quarantine", "show", "it's a.ndjson", "--raw", "--line", "4"], dir.path);

    assert.deepEqual(list.reasons, { invalid_json: 1 });
    assert.equal(line?.line, 4);
    assert.match(shown.stdout, /no json \\u001b\[31m/);
    assert.equal(raw.stdout, `${LINES[3]}\n`);
  });

  it("schema and its DDL, preview", async () => {
    const report = await json(schemaSchema, "schema", "click");
    const ddl = await runVerb(["schema", "click", "--ddl"], dir.path);
    const preview = await runReport(["preview", "click"], dir.path);
    const typo = await runVerb(["schema", "clik"], dir.path);

    assert.deepEqual(report.tables[0]?.columns.find(({ column }) => column === "user_id")?.path, [
      "user",
      "id",
    ]);
    assert.match(ddl.stdout, /CREATE TABLE[\s\S]+user_id[\s\S]+;\n$/);
    assert.ok(Array.isArray(preview.json) && preview.json.length === 2);
    assert.equal(typo.code, 1);
    assert.match(typo.stderr, /Did you mean click\?/);
  });

  it("dead list and redrive", async () => {
    assert.deepEqual((await runReport(["dead", "list"], dir.path)).json, []);
    assert.deepEqual((await runReport(["dead", "redrive", "--dry-run"], dir.path)).json, {
      dry_run: true,
      split: 0,
      load: 0,
      backfill: 0,
    });
  });

  it("gc takes only what no receipt names and what is older than a day", async () => {
    const parts = join(dir.path, ".log-router/routed/parts");
    const named = join(parts, readdirSync(parts)[0]!);
    const old = named.replace("000000.", "999998.");
    writeFileSync(old, "waste");
    writeFileSync(named.replace("000000.", "999999."), "young");
    for (const file of [old, named]) utimesSync(file, new Date(0), new Date(0));

    const dry = await json(gcSchema, "gc", "--dry-run");
    const wet = await json(gcSchema, "gc");

    assert.deepEqual([dry.removed, dry.kept_young], [1, 1]);
    assert.deepEqual([wet.removed, wet.removed_bytes], [1, 5]);
    assert.ok(readFileSync(named).length > 0);
    assert.equal((await json(gcSchema, "gc")).removed, 0);
  });

  it("salvage loads the lines before the break, and the audit balances", async () => {
    const dry = await runVerb(["salvage", "torn.gz", "--dry-run"], dir.path);
    const run = await json(runSchema, "salvage", "torn.gz");
    const audit = await json(auditSchema, "audit", "--tables");
    const again = await runVerb(["salvage", "torn.gz"], dir.path);

    assert.match(dry.stdout, /lines before the break would be loaded/);
    assert.ok(run.rows > 100 && run.rows < 5000, String(run.rows));
    assert.deepEqual(run.problems, []);
    assert.equal(audit.balanced, true);
    assert.equal(again.code, 2);
  });

  it("split writes parts and receipts without a data folder, once", async () => {
    const first = await json(splitReportSchema, "split", "it's a.ndjson", "--out", "parts");
    const second = await json(splitReportSchema, "split", "it's a.ndjson", "--out", "parts");

    assert.deepEqual([first.sources, first.rows, first.quarantined, first.known], [1, 3, 1, 0]);
    assert.deepEqual([second.sources, second.known], [0, 1]);
    assert.ok(readdirSync(join(dir.path, "parts/receipts")).length === 1);
  });

  it("config print gives a file that config check accepts", async () => {
    const { stdout } = await runVerb(["config", "print"], dir.path);
    writeFileSync(join(dir.path, "printed.yaml"), stdout);

    assert.equal((await runVerb(["config", "check", "printed.yaml"], dir.path)).code, 0);
  });

  for (const args of [
    ["run", "nowhere", "--once", "--data", "fresh"],
    ["run", "nowhere", "--data", "fresh"],
    ["run", "*.nothing", "--once", "--data", "fresh"],
    ["splitter", "nowhere", "--once", "--data", "fresh"],
    ["split", "nowhere", "--out", "fresh"],
  ]) {
    it(`${args.join(" ")} makes nothing for files that are not there, and starts nothing`, async () => {
      const { code, stderr } = await runVerb(args, dir.path);

      assert.equal(code, 2);
      assert.match(stderr, /^log-router: .+\n$/, "one line, no log");
      assert.equal(existsSync(join(dir.path, "fresh")), false);
    });
  }

  const wrong: readonly [title: string, args: string[], message: RegExp][] = [
    ["an unknown verb", ["rum"], /unknown command 'rum'/],
    ["an unknown option", ["status", "--jsn"], /Did you mean --json\?/],
    ["no path", ["run", "--once"], /missing required argument/],
    ["a path that is not there", ["run", "nowhere", "--once"], /no file or folder "nowhere"/],
    ["a glob that fits nothing", ["run", "*.nothing", "--once"], /\*\.nothing/],
    ["a warehouse of another kind", ["run", ".", "--once", "--warehouse", "mysql:x"], /Write duckdb:FILE/],
    ["a data folder that cannot be made", ["run", ".", "--data", "/proc/x/y"], /cannot be made/],
    ["no data folder yet", ["status", "--data", "elsewhere"], /no data in elsewhere yet/],
    [
      "a wrong configuration",
      ["run", ".", "--set", "on_corrupt=maybe", "--set", "loader.slot=1"],
      /2 problems[\s\S]+on_corrupt[\s\S]+loader\.slots/,
    ],
    ["a configuration that is not there", ["status", "--config", "nowhere.yaml"], /there is no such file/],
    ["a port that is none", ["loader", "--health-port", "x"], /whole number/],
    ["a limit of nothing", ["preview", "click", "--limit", "0"], /whole number from 1/],
  ];
  for (const [title, args, message] of wrong) {
    it(`exits 2 for ${title}, without a stack trace`, async () => {
      const { code, stderr } = await runVerb(args, dir.path);

      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }
});
