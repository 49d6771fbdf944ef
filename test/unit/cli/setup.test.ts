import assert from "node:assert/strict";
import { decideSetup, withQueueSetting, type Work } from "../../../cli/compose/setup.ts";
import { loadConfig } from "../../../shared/config/load-config.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";

const SPLIT = "https://sqs.eu-west-1.amazonaws.com/123456789012/split";
const LOAD = "https://sqs.eu-west-1.amazonaws.com/123456789012/load";
const BACKFILL = "https://sqs.eu-west-1.amazonaws.com/123456789012/backfill";
const BOTH = [`aws.split_queue=${SPLIT}`, `aws.load_queue=${LOAD}`];
const BUCKET = "aws.routed_bucket=my-routed";
const REDSHIFT = "warehouse=redshift:analytics/prod";

function setup(work: Work, set: readonly string[], warehouse?: string) {
  const options = { data: "d", set, ...(warehouse === undefined ? {} : { warehouse }) };
  return decideSetup("/somewhere", options, loadConfig({ flags: set }), work);
}

/** The message of the refusal. */
function refusal(work: Work, set: readonly string[], warehouse?: string): string {
  try {
    setup(work, set, warehouse);
  } catch (error) {
    if (isRouterError(error)) return error.message;
    throw error;
  }
  throw new Error(`${work} with ${set.join(" ")} was not refused`);
}

describe("decideSetup", () => {
  it("is the embedded default without aws.routed_bucket", () => {
    for (const work of ["run", "split", "load", "backfill", "read"] as const) {
      const decided = setup(work, []);
      assert.equal(decided.kind, "embedded");
      assert.equal(decided.kind === "embedded" && decided.folder.warehouse, "/somewhere/d/warehouse.duckdb");
    }
    const named = setup("run", ["warehouse=duckdb:x.duckdb"]);
    assert.equal(named.kind === "embedded" && named.folder.warehouse, "/somewhere/x.duckdb");
    const option = setup("run", ["warehouse=duckdb:x.duckdb"], "duckdb:y.duckdb");
    assert.equal(option.kind === "embedded" && option.folder.warehouse, "/somewhere/y.duckdb");
  });

  it("takes workers on shared queues", () => {
    const run = setup("run", [BUCKET, REDSHIFT, ...BOTH]);
    assert.ok(run.kind === "aws");
    assert.deepEqual(run.warehouse, { workgroup: "analytics", database: "prod" });
    assert.deepEqual(run.queues, { split: SPLIT, load: LOAD, backfill: undefined });
    const cluster = setup("load", [BUCKET, `aws.load_queue=${LOAD}`], "redshift-cluster:main/prod");
    assert.ok(cluster.kind === "aws");
    assert.deepEqual(cluster.warehouse, { cluster: "main", database: "prod" });
  });

  it("asks no warehouse of a splitter, and no queue of a run by itself", () => {
    const splitter = setup("split", [BUCKET, ...BOTH]);
    assert.ok(splitter.kind === "aws");
    assert.equal(splitter.warehouse, undefined);
    const alone = setup("run", [BUCKET, REDSHIFT]);
    assert.ok(alone.kind === "aws");
    assert.equal(alone.queues, undefined);
  });

  it("names the setting that is missing", () => {
    const cases: readonly (readonly [Work, readonly string[], RegExp])[] = [
      ["split", [BUCKET], /^aws\.split_queue: is not set.*LOG_ROUTER_AWS_SPLIT_QUEUE/],
      ["split", [BUCKET, BOTH[0]!], /^aws\.load_queue: is not set/],
      ["load", [BUCKET, REDSHIFT], /^aws\.load_queue: is not set/],
      ["load", [BUCKET, BOTH[1]!], /^warehouse: is not set.*LOG_ROUTER_WAREHOUSE/],
      ["read", [BUCKET], /^warehouse: is not set/],
      ["run", [BUCKET, REDSHIFT, BOTH[0]!], /^aws\.load_queue: is not set/],
      ["run", [BUCKET, REDSHIFT, BOTH[1]!], /^aws\.split_queue: is not set/],
      ["backfill", [BUCKET, REDSHIFT, ...BOTH], /^aws\.backfill_queue: is not set/],
      ["run", BOTH, /^aws\.routed_bucket: is not set.*aws\.split_queue is set/],
      ["run", [REDSHIFT], /^aws\.routed_bucket: is not set.*Redshift/],
    ];
    for (const [work, set, message] of cases) assert.match(refusal(work, set), message);
  });

  it("refuses what cannot be put together", () => {
    assert.match(refusal("run", [BUCKET], "duckdb:x"), /only Redshift can.*leave aws\.routed_bucket out/);
    assert.match(refusal("run", [BUCKET], "redshift:UPPER/db"), /no name of a workgroup/);
    assert.match(refusal("run", [], "redshift:nothing"), /WORKGROUP\/DATABASE/);
    assert.match(refusal("run", [], "postgres://x"), /is not known here/);
  });

  it("puts --queue where the verb receives from", () => {
    const of = (work: Work): readonly string[] =>
      withQueueSetting({ set: [BUCKET], queue: BACKFILL }, work).set.slice(1);
    assert.deepEqual(of("run"), [`aws.split_queue=${BACKFILL}`]);
    assert.deepEqual(of("split"), [`aws.split_queue=${BACKFILL}`]);
    assert.deepEqual(of("load"), [`aws.load_queue=${BACKFILL}`]);
    assert.deepEqual(of("backfill"), [`aws.backfill_queue=${BACKFILL}`]);
    assert.deepEqual(withQueueSetting({ set: [BUCKET] }, "run").set, [BUCKET]);
  });

  it("takes everything from the environment, and says what is wrong there", () => {
    const env = {
      LOG_ROUTER_AWS_ROUTED_BUCKET: "my-routed",
      LOG_ROUTER_AWS_SPLIT_QUEUE: SPLIT,
      LOG_ROUTER_AWS_LOAD_QUEUE: LOAD,
      LOG_ROUTER_WAREHOUSE: "redshift:analytics/prod",
    };
    const decided = decideSetup("/", { data: "d" }, loadConfig({ env }), "run");
    assert.ok(decided.kind === "aws" && decided.queues && decided.warehouse);
    const wrong = { LOG_ROUTER_AWS_ROUTED_BUCKET: "s3://my-routed", LOG_ROUTER_AWS_SPLIT_QUEUE: "split" };
    assert.throws(
      () => loadConfig({ env: wrong }),
      /LOG_ROUTER_AWS_ROUTED_BUCKET[\s\S]*not the name of a bucket[\s\S]*not the URL of a queue/,
    );
  });
});
