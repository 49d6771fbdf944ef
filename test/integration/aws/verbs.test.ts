// The same verbs on S3, SQS and Redshift, settings from each of their places: the file, the environment, the options.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { openAwsRig, type AwsRig, type RunningVerb } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** No settings: an empty variable counts as absent. */
const NOTHING_SET = {
  LOG_ROUTER_AWS_ROUTED_BUCKET: "",
  LOG_ROUTER_AWS_SPLIT_QUEUE: "",
  LOG_ROUTER_AWS_LOAD_QUEUE: "",
  LOG_ROUTER_AWS_BACKFILL_QUEUE: "",
  LOG_ROUTER_WAREHOUSE: "",
};
/** One line of the SQL journal. */
const CALL = { at: z.iso.datetime(), name: z.string(), sqls: z.array(z.string()).min(1) };
const BAD = '{"event":"checked","n":2';
const BODY = `{"event":"checked","n":1}\n${BAD}\n`;

describe("verbs on AWS", function () {
  this.timeout(60_000);
  const [name] = emulatorsUnderTest();
  let rig: AwsRig;
  let fromFile: readonly string[];
  let fromOptions: readonly string[];

  before(async function () {
    if (name === undefined) return this.skip();
    rig = await openAwsRig(name, { tellsSources: false });
    const { split, load, backfill } = rig.queues;
    const file = `warehouse: redshift:test-workgroup/dev
aws:
  routed_bucket: ${rig.routed}
  split_queue: ${split.url}
  load_queue: ${load.url}
  backfill_queue: ${backfill.url}
`;
    writeFileSync(join(rig.cwd, "router.yaml"), file);
    fromFile = ["--config", "router.yaml"];
    fromOptions = ["--set", `aws.routed_bucket=${rig.routed}`, "--warehouse", "redshift:test-workgroup/dev"];
  });
  after(() => rig?.[Symbol.asyncDispose]());

  it("work by options alone, --queue among them, by the file alone, and by the environment", async () => {
    const { split, load, backfill } = rig.queues;
    await rig.put("raw/it's a key.ndjson", BODY);
    const workers: RunningVerb[] = [
      rig.start(
        [
          "splitter",
          ...fromOptions,
          "--queue",
          split.url,
          "--set",
          `aws.load_queue=${load.url}`,
          "--set",
          `aws.backfill_queue=${backfill.url}`,
        ],
        NOTHING_SET,
      ),
      rig.start(["loader", ...fromOptions, "--queue", load.url], {
        ...NOTHING_SET,
        SQL_LOG: join(rig.cwd, "sql.log"),
      }),
    ];
    try {
      await waitFor(
        "the ledger",
        async () => (await rig.verb(["status", ...fromFile], NOTHING_SET)).code === 0,
        30_000,
      );
      const sent = await rig.verb(
        ["backfill", `s3://${rig.sources}/raw/`, ...fromOptions, "--queue", backfill.url],
        NOTHING_SET,
      );
      assert.equal(sent.code, 0, sent.stderr + sent.stdout);
      assert.match(sent.stdout, /1 source object \(.*\) sent: 1 loaded/);
    } finally {
      for (const worker of workers) await worker.stop();
    }

    const journal = readFileSync(join(rig.cwd, "sql.log"), "utf8").trim().split("\n");
    const calls = journal.map((line) => z.object(CALL).strict().parse(JSON.parse(line)));
    const loads = calls.filter(({ name }) => /^log-router load \w+ checked$/.test(name));
    assert.ok(loads.some(({ sqls }) => sqls.some((sql) => sql.startsWith(`COPY "events"."checked"`))));

    const verbs: readonly (readonly [readonly string[], RegExp])[] = [
      [["status"], /checked +checked +1 .*[\s\S]*Sources: 1 loaded/],
      [["audit", "--tables"], /2 lines = 1 rows \+ 0 rejected \+ 1 quarantined/],
      [["audit", "--sources", `s3://${rig.sources}/raw/`], /balanced/],
      [["where", `s3://${rig.sources}/raw/it's a key.ndjson`], /state +loaded/],
      [["schema", "checked"], /n +.*integer/i],
      [["schema", "checked", "--ddl"], /CREATE TABLE/i],
      [["preview", "checked"], /line +event +n/],
      [["quarantine", "list"], /it's a key\.ndjson +1 +invalid_json 1/],
      [["quarantine", "show", `s3://${rig.sources}/raw/it's a key.ndjson`], /\{"event":"checked","n":2/],
      [["dead", "list"], /./],
    ];
    for (const [args, shown] of verbs) {
      const [first, ...rest] = args;
      const places = [
        rig.verb([...args, ...fromFile], NOTHING_SET),
        rig.verb(args),
        rig.verb(
          [
            ...args,
            ...fromOptions,
            "--set",
            `aws.split_queue=${rig.queues.split.url}`,
            "--set",
            `aws.load_queue=${rig.queues.load.url}`,
            "--set",
            `aws.backfill_queue=${rig.queues.backfill.url}`,
          ],
          NOTHING_SET,
        ),
      ];
      for (const { code, stdout, stderr } of await Promise.all(places)) {
        assert.equal(code, 0, `${first} ${rest.join(" ")}: ${stderr}${stdout}`);
        assert.match(stdout, shown);
      }
    }
  });
});
