// What a source and a batch cost in requests to AWS, counted by the router's own metric, so that the unit price in docs/cost.md cannot creep up.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openAwsRig, type AwsRig } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const SOURCES = 12;
/** Event types of each source; they are small and share a part. */
const TYPES = 2;

interface Counts {
  /** `s3 GetObject` → requests. */
  readonly requests: ReadonlyMap<string, number>;
  readonly batches: number;
}

/** Sums CloudWatch's lines up. */
function countsOf(emf: string): Counts {
  const requests = new Map<string, number>();
  let batches = 0;
  for (const text of emf.trim().split("\n")) {
    const line = JSON.parse(text) as Record<string, unknown>;
    if (typeof line["aws_requests_total"] === "number") {
      const name = `${String(line["api"])} ${String(line["operation"])}`;
      requests.set(name, (requests.get(name) ?? 0) + line["aws_requests_total"]);
    }
    if (line["outcome"] === "loaded" && typeof line["loader_batches_total"] === "number")
      batches += line["loader_batches_total"];
  }
  return { requests, batches };
}

describe("requests to AWS", function () {
  this.timeout(60_000);
  const [name] = emulatorsUnderTest();
  let rig: AwsRig;
  let counts: Counts;

  before(async function () {
    if (name === undefined) return this.skip();
    rig = await openAwsRig(name);
    // Tables and ledger are made first: they are not part of the price of a source.
    await route("first", 1);
    counts = await route("then", SOURCES);
  });
  after(() => rig?.[Symbol.asyncDispose]());

  /** Puts so many sources, splits all of them, then loads them: so how they fall into batches does not hang on the machine. */
  async function route(prefix: string, sources: number): Promise<Counts> {
    const keys = Array.from({ length: sources }, (_, n) => `${prefix}/${n}.ndjson`);
    await using deps = await rig.reading();
    const receipts = async () => (await Array.fromAsync(deps.store.list(rig.routed, "receipts/"))).length;
    const wanted = (await receipts()) + sources;
    for (const key of keys) await rig.put(key, `{"event":"a","n":1}\n{"event":"b","n":2}\n`);
    const splitter = rig.start(["splitter"]);
    await waitFor("receipts", async () => (await receipts()) === wanted, 20_000);
    const { stdout: split } = await splitter.stop();
    // As by default, but for the batch age.
    const env = { LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "2", LOG_ROUTER_LOADER_MAX_COMMITS_PER_MINUTE: "60" };
    const loader = rig.start(["loader"], env);
    const names = keys.map((key) => ({ bucket: rig.sources, key }));
    const loaded = async () => {
      const rows = await deps.warehouse.findSources({ names }).catch(() => []);
      return rows.filter(({ state }) => state === "loaded").length === sources;
    };
    await waitFor("loaded sources", loaded, 20_000);
    const { stdout: load } = await loader.stop();
    return countsOf(split + load);
  }

  const of = (operation: string): number => counts.requests.get(operation) ?? 0;

  it("S3, for each source: three reads, one listing, one write for its part and one for the receipt", () => {
    // A batch has a list of its units, and for each of its tables the gathered lines, a manifest and a jsonpaths file.
    const forBatches = of("s3 PutObject") - SOURCES * 2;
    const most = counts.batches * (1 + 3 * TYPES);
    const seen = `${forBatches} writes for ${counts.batches} batches`;
    // The source, the receipt, and the part, which the tables of a batch share.
    const reads = of("s3 GetObject");
    assert.ok(reads >= 3 * SOURCES && reads <= (2 + TYPES) * SOURCES, `${reads} reads`);
    if (counts.batches === 1) assert.equal(reads, 3 * SOURCES);
    assert.equal(of("s3 ListObjectsV2"), SOURCES);
    assert.equal(of("s3 HeadObject"), 0);
    assert.ok(forBatches >= counts.batches * 4 && forBatches <= most, seen);
    assert.equal(of("s3 DeleteObject"), forBatches);
  });

  it("SQS, for each source: one delete a queue, and at the most one receive", () => {
    assert.equal(of("sqs DeleteMessageBatch"), 2 * SOURCES);
    assert.equal(of("sqs SendMessageBatch"), 0);
    // Three queues are asked in long polls (of 1 s here) while nothing comes.
    assert.ok(of("sqs ReceiveMessage") <= 2 * SOURCES + 40, `${of("sqs ReceiveMessage")} receives`);
  });

  it("Data API: many sources share a batch, and a batch is a few statements", () => {
    const { batches } = counts;
    assert.ok(batches >= 1 && batches <= 4, `${batches} batches for ${SOURCES} sources`);
    const statements = of("redshift-data ExecuteStatement") + of("redshift-data BatchExecuteStatement");
    // Beside the batches: making sure of the ledger at the start, looks into `pending`, and rows of sources, which gather when more are due
    // than the budget of commits has room for.
    assert.ok(statements <= 16 + 4 * batches + SOURCES, `${statements} statements for ${batches} batches`);
  });

  it("docs/cost.md has these numbers", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/cost.md"), "utf8");
    assert.match(text, /\| GET \| 2 a source, 1 a part that several event types share \|/);
    assert.match(text, /\| LIST \| 1 a source \|/);
    assert.match(
      text,
      /\| PUT \| 1 a part, 1 a source, 1 a batch, 2 a table of a batch, 3 where lines are gathered \|/,
    );
    assert.match(text, /\| SQS requests \| 2 deletes and up to 2 receives a source \|/);
    if (process.env["SHOW_COUNTS"]) console.log(counts.batches, Object.fromEntries(counts.requests));
  });
});
