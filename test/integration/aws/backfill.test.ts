// Objects that were there before anybody listened: backfilled through shared queues, by one process with queues of its own, and from S3 into
// the embedded default.
import assert from "node:assert/strict";
import { auditSchema } from "../../../cli/reports/audit.ts";
import { backfillSchema } from "../../../cli/reports/backfill.ts";
import { runSchema } from "../../../cli/reports/run.ts";
import { openAwsRig, type AwsRig, type RunningVerb } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const lines = (count: number): string =>
  Array.from({ length: count }, (_, n) => `{"event":"old","n":${n}}\n`).join("");

const OLD_KEYS = ["raw/2026/10/a.ndjson", "raw/2026/10/b c+é.ndjson", "raw/2026/11/c.ndjson"];

/** Settings that are not there: an empty variable counts as absent. */
const NO_QUEUES = {
  LOG_ROUTER_AWS_SPLIT_QUEUE: "",
  LOG_ROUTER_AWS_LOAD_QUEUE: "",
  LOG_ROUTER_AWS_BACKFILL_QUEUE: "",
};
const EMBEDDED = { ...NO_QUEUES, LOG_ROUTER_AWS_ROUTED_BUCKET: "", LOG_ROUTER_WAREHOUSE: "" };

for (const name of emulatorsUnderTest()) {
  describe(`backfill on ${name}`, function () {
    this.timeout(60_000);
    let rig: AwsRig;
    let services: RunningVerb[] = [];

    before(async () => {
      rig = await openAwsRig(name, { tellsSources: false });
      for (const key of [...OLD_KEYS, "raw/2026/10/folder/"])
        await rig.put(key, key.endsWith("/") ? "" : lines(3));
    });
    after(async () => {
      await Promise.all(services.map((service) => service.stop()));
      await rig[Symbol.asyncDispose]();
    });

    const backfill = (...args: string[]) =>
      rig.report(backfillSchema, ["backfill", `s3://${rig.sources}/raw/2026/`, ...args]);

    it("routes a prefix into the embedded default, reading S3 only", async () => {
      const prefix = `s3://${rig.sources}/raw/2026/10/`;
      const { code, json } = await rig.report(
        runSchema,
        ["run", prefix, "--once", "--data", "here"],
        EMBEDDED,
      );
      assert.deepEqual([code, json.rows, json.sources.split], [0, 6, 2]);
      const again = await rig.report(
        backfillSchema,
        ["backfill", `s3://${rig.sources}/raw/2026/`, "--data", "here"],
        EMBEDDED,
      );
      assert.deepEqual([again.code, again.json.settled_before, again.json.loaded], [0, 2, 1]);
      const audit = await rig.report(auditSchema.loose(), ["audit", "--tables", "--data", "here"], EMBEDDED);
      assert.deepEqual([audit.code, audit.json.totals.rows], [0, 9]);
      const watching = await rig.verb(["run", prefix, "--data", "here"], EMBEDDED);
      assert.equal(watching.code, 2);
      assert.match(watching.stderr, /Add --once/);
    });

    it("counts with --dry-run, by time", async () => {
      services = [rig.start(["loader"])];
      await waitFor("the ledger", async () => (await rig.verb(["status"])).code === 0, 30_000);
      const all = await backfill("--dry-run");
      assert.deepEqual([all.json.found, all.json.sent, all.json.outside], [3, 3, 0]);
      const none = await backfill("--dry-run", "--until", "1d");
      assert.deepEqual([none.json.found, none.json.outside], [0, 3]);
      await using deps = await rig.reading();
      assert.equal((await deps.backfillQueue.depth()).visible, 0);
    });

    it("sends what is not loaded, and waits until running workers have loaded it, in its lane", async () => {
      services.push(rig.start(["splitter"]));
      const { code, json } = await backfill("--rate", "50/s");
      assert.equal(code, 0, JSON.stringify(json));
      assert.deepEqual([json.sent, json.loaded, json.lines, json.waiting], [3, 3, 9, 0]);
      await using deps = await rig.reading();
      const sources = await deps.warehouse.read.sources({ limit: 10 });
      const loads = await deps.warehouse.read.loads(sources.map(({ sourceId }) => sourceId));
      assert.deepEqual(
        loads.map(({ lane }) => lane),
        ["backfill", "backfill", "backfill"],
      );
      const receipt = await deps.store.getBytes({ bucket: rig.routed, key: loads[0]!.receiptKey });
      assert.match(Buffer.from(receipt).toString(), /"lane":"backfill"/);
    });

    it("changes nothing the second time, nor by one process with queues of its own", async () => {
      const before = await rig.report(auditSchema.loose(), ["audit", "--tables"]);
      const { code, json } = await backfill();
      assert.deepEqual([code, json.found, json.settled_before, json.sent], [0, 3, 3, 0]);
      const alone = ["run", `s3://${rig.sources}/raw/2026/`, "--once", "--data", "alone"];
      const run = await rig.report(runSchema, alone, NO_QUEUES);
      assert.deepEqual([run.code, run.json.sources.unchanged, run.json.rows], [0, 3, 0]);
      assert.deepEqual(await rig.report(auditSchema.loose(), ["audit", "--tables"]), before);
    });

    it("works by itself where the queues are its own, beside services that hear of the same receipts", async () => {
      await rig.put("raw/2026/12/d.ndjson", lines(4));
      const prefix = `s3://${rig.sources}/raw/2026/12/`;
      const { code, json } = await rig.report(
        backfillSchema,
        ["backfill", prefix, "--data", "alone"],
        NO_QUEUES,
      );
      assert.equal(code, 0, JSON.stringify(json));
      assert.equal(json.loaded, 1);
      const audit = await rig.report(auditSchema.loose(), ["audit", "--tables"]);
      assert.deepEqual([audit.code, audit.json.totals.rows], [0, 13]);
    });

    it("refuses calls that nobody would hear of", async () => {
      const calls: readonly (readonly [readonly string[], RegExp, Readonly<Record<string, string>>?])[] = [
        [["run", "./logs"], /is on this machine/],
        [["run", `s3://${rig.sources}/raw/`, "--once"], /no path is given here.*log-router backfill/],
        [["run", `s3://${rig.sources}/raw/`], /Add --once/, NO_QUEUES],
        [["run", "--once"], /missing required argument/, NO_QUEUES],
        [["splitter"], /aws\.split_queue: is not set/, NO_QUEUES],
        [["backfill", "./logs"], /is on this machine/],
        [["backfill", `s3://${rig.sources}/nothing/`], /no object's key starts with/],
        [["backfill", "s3://UPPER/"], /names no bucket/],
        [["status"], /only Redshift can/, { LOG_ROUTER_WAREHOUSE: "duckdb:x" }],
      ];
      for (const [args, message, env] of calls) {
        const { code, stderr } = await rig.verb(args, env);
        assert.equal(code, 2, args.join(" "));
        assert.match(stderr, message);
      }
    });
  });
}
