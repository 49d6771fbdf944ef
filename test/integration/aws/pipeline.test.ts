// The whole pipeline on an emulator and the Redshift stand-in, by the command alone: what containers run, and what an operator types.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { auditSchema } from "../../../cli/reports/audit.ts";
import { backfillSchema } from "../../../cli/reports/backfill.ts";
import { runSchema } from "../../../cli/reports/run.ts";
import { statusSchema } from "../../../cli/reports/status.ts";
import { whereSchema } from "../../../cli/reports/where.ts";
import { writeSample } from "../../../scripts/sample/write-sample.ts";
import type { ReadingDeps } from "../../../cli/compose/open-for-reading.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { SourceRow } from "../../../shared/ports/warehouse.ts";
import { openAwsRig, type AwsRig, type RunningVerb } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const lines = (type: string, count: number): string =>
  Array.from({ length: count }, (_, n) => `{"event":"${type}","n":${n},"text":"ä ${n}"}\n`).join("");

const HOSTILE_KEYS = ["raw/a b+c=é/x y.ndjson", "raw/100%25 %zz.ndjson.gz", "raw/日本/'quote\"&<>.ndjson"];

for (const name of emulatorsUnderTest()) {
  describe(`the pipeline on ${name}`, function () {
    this.timeout(60_000);
    let rig: AwsRig;
    let services: RunningVerb[] = [];
    let files = 0;

    before(async () => {
      rig = await openAwsRig(name);
      services = ["splitter", "loader", "splitter", "loader"].map((verb) => rig.start([verb]));
    });
    after(async () => {
      await Promise.all(services.map((service) => service.stop()));
      await rig[Symbol.asyncDispose]();
    });

    /** Waits until the ledger has this many sources in state loaded, and nothing else. */
    async function loaded(sources: number): Promise<void> {
      await using deps = await rig.reading();
      await waitFor(
        `${sources} loaded sources: ${services.map(({ output }) => output.stderr.slice(-500)).join("\n")}`,
        async () => {
          const rows = await rowsOf(deps);
          return rows.length === sources && rows.every(({ state }) => state === "loaded");
        },
        30_000,
      );
    }

    /** Rows of the ledger; none while no loader has made it. */
    async function rowsOf({ warehouse }: ReadingDeps): Promise<readonly SourceRow[]> {
      try {
        return await warehouse.read.sources({ limit: 500 });
      } catch (error) {
        if (isRouterError(error, "WAREHOUSE_UNAVAILABLE")) return [];
        throw error;
      }
    }

    async function quiet(): Promise<void> {
      await using deps = await rig.reading();
      await waitFor(
        "empty queues",
        async () => {
          const queues = [deps.splitQueue, deps.backfillQueue, deps.loadQueue];
          const depths = await Promise.all(queues.map((queue) => queue.depth()));
          return depths.every(({ visible, inFlight, delayed }) => visible + inFlight + delayed === 0);
        },
        30_000,
      );
    }

    it("loads what S3 tells of, with two splitters and two loaders at once; the audit balances", async () => {
      using dir = tempDir();
      const bytes = 60_000;
      await writeSample({ out: dir.path, bytes, types: 3, seed: 1, files: 3, compression: "mixed" });
      const names = readdirSync(dir.path);
      for (const file of names) await rig.put(`raw/${file}`, readFileSync(join(dir.path, file)));
      for (const key of HOSTILE_KEYS) {
        const text = lines("hostile", 3);
        await rig.put(key, key.endsWith(".gz") ? gzipSync(text) : text);
      }
      files = names.length + HOSTILE_KEYS.length;
      await loaded(files);

      const { code, json } = await rig.report(auditSchema.loose(), ["audit", "--tables"]);
      assert.equal(code, 0);
      assert.equal(json.balanced_sources, files);
      assert.equal(json.totals.lines, json.totals.rows);
      const listed = await rig.report(auditSchema.loose(), [
        "audit",
        "--sources",
        `s3://${rig.sources}/raw/`,
      ]);
      assert.equal(listed.code, 0);
    });

    it("says where a source is, by its name on S3", async () => {
      const [key = ""] = HOSTILE_KEYS;
      const { json } = await rig.report(whereSchema.array(), ["where", `s3://${rig.sources}/${key}`]);
      assert.deepEqual(
        json.map((report) => [report.bucket, report.key, report.state, report.units[0]?.rows]),
        [[rig.sources, key, "loaded", 3]],
      );
      await using deps = await rig.reading();
      const names = HOSTILE_KEYS.map((hostile) => ({ bucket: rig.sources, key: hostile }));
      const rows = await deps.warehouse.findSources({ names });
      assert.deepEqual(rows.map((row) => row.key).toSorted(), HOSTILE_KEYS.toSorted());
      const preview = await rig.verb(["preview", "hostile"]);
      assert.match(preview.stdout, /ä 1/);
      assert.match((await rig.verb(["schema", "hostile", "--ddl"])).stdout, /CREATE TABLE/i);
    });

    it("changes nothing when everything is announced again, or backfilled", async () => {
      const before = await rig.report(auditSchema.loose(), ["audit", "--tables"]);
      const { code, json } = await rig.report(backfillSchema, ["backfill", `s3://${rig.sources}/raw/`]);
      assert.deepEqual([code, json.found, json.settled_before, json.sent], [0, files, files, 0]);
      await using deps = await rig.reading();
      for await (const { key, bytes } of deps.store.list(rig.sources, "raw/"))
        for (const queue of [rig.queues.split, rig.queues.backfill])
          await rig.send(queue, s3Notification(rig.sources, key, bytes, "another etag"));
      await quiet();
      await loaded(files);
      assert.deepEqual(await rig.report(auditSchema.loose(), ["audit", "--tables"]), before);
    });

    it("understands SNS and EventBridge, passes over what is no source, and keeps foreign messages", async () => {
      for (const key of ["other/by sns+.ndjson", "other/by eventbridge+.ndjson"])
        await rig.put(key, lines("wrapped", 2), rig.routed);
      const sns = s3Notification(rig.routed, "other/by sns+.ndjson", 1, "x");
      await rig.send(
        rig.queues.split,
        JSON.stringify({ Type: "Notification", TopicArn: "arn:aws:sns:eu-west-1:1:t", Message: sns }),
      );
      const object = { key: "other/by eventbridge+.ndjson", size: 1, etag: "x" };
      await rig.send(
        rig.queues.split,
        JSON.stringify({
          source: "aws.s3",
          "detail-type": "Object Created",
          detail: { bucket: { name: rig.routed }, object },
        }),
      );
      await rig.send(rig.queues.split, JSON.stringify({ Event: "s3:TestEvent", Bucket: rig.sources }));
      await rig.send(rig.queues.split, s3Notification(rig.routed, "parts/no/source.ndjson.zst", 1, "x"));
      await rig.send(rig.queues.split, s3Notification(rig.sources, "raw/deleted.ndjson", 1, "x"));
      await rig.put("raw/folder/", "");
      await rig.send(rig.queues.split, "this is no notification");
      await rig.send(rig.queues.load, '{"neither":"is this"}');
      files += 2;
      await loaded(files);
      await quiet();

      const { json } = await rig.report(statusSchema, ["status"]);
      assert.equal(json.event_types.find((type) => type.event_type === "wrapped")?.rows, 4);
      assert.deepEqual([json.queues.split.dead, json.queues.load.dead], [1, 1]);
      const dead = await rig.verb(["dead", "list"]);
      assert.match(dead.stdout, /not JSON.*this is no notification/);
      assert.match(dead.stdout, /neither from S3/);
    });

    it("replaces a source that is written again", async () => {
      await rig.put(HOSTILE_KEYS[0]!, lines("hostile", 5));
      await using deps = await rig.reading();
      await waitFor(
        "both contents settled",
        async () => {
          const rows = await deps.warehouse.findSources({
            names: [{ bucket: rig.sources, key: HOSTILE_KEYS[0]! }],
          });
          return rows.length === 2 && rows.every(({ state }) => state === "loaded" || state === "replaced");
        },
        30_000,
      );
      const { code, json } = await rig.report(auditSchema.loose(), ["audit", "--tables"]);
      assert.equal(code, 0, JSON.stringify(json.imbalances));
      const { json: status } = await rig.report(statusSchema, ["status"]);
      assert.equal(status.event_types.find((type) => type.event_type === "hostile")?.rows, 5 + 3 + 3);
    });

    it("ends well when told to, with its metrics on stdout", async () => {
      const ended = await Promise.all(services.map((service) => service.stop()));
      services = [];
      for (const { code, stdout, stderr } of ended) {
        assert.equal(code, 0, stderr.slice(-2000));
        const emf = stdout
          .trim()
          .split("\n")
          .map((line): unknown => JSON.parse(line));
        assert.ok(emf.length > 0);
        for (const line of emf) assert.ok(line !== null && typeof line === "object" && "_aws" in line);
      }
      const metrics = ended.map(({ stdout }) => stdout).join("");
      assert.match(metrics, /"service":"splitter".*"splitter_sources_total"/);
      assert.match(metrics, /"service":"loader".*"loader_units_loaded_total"/);
      assert.match(metrics, /"api":"s3","operation":"GetObject","aws_requests_total":\d/);
    });

    it("runs both workers in one process until nothing is left", async () => {
      await rig.put("raw/late.ndjson", lines("late", 4));
      const { code, json } = await rig.report(runSchema, ["run", "--once"]);
      assert.equal(json.rows, 4);
      // The foreign messages are still among the dead letters.
      assert.equal(code, 1);
      assert.deepEqual(
        json.problems.map(({ next_step }) => next_step),
        ["log-router dead list --queue split", "log-router dead list --queue load"],
      );
    });
  });
}
