// Live before backfill, end to end: the order in which receipts are written when both queues have a backlog, on the embedded default and on
// S3 and SQS.
import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openQueueFile } from "../../../shared/adapters/local/queue-file.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import { receiptSchema, type Receipt } from "../../../shared/contracts/receipt.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { openAwsRig } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { runVerb } from "../../helpers/run-verb.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const OLD = Array.from({ length: 12 }, (_, n) => `old-${n}.ndjson`);
const LIVE = Array.from({ length: 6 }, (_, n) => `live-${n}.ndjson`);
/** A live message that is as old has stood behind others. */
const BACKLOG_MS = 2500;
const LINE = '{"event":"a","n":1}\n';

/** Lanes in the order in which the receipts were written. */
function lanesOf(receipts: readonly Receipt[]): string[] {
  const order = receipts.toSorted((a, b) => (a.split_at < b.split_at ? -1 : 1));
  return order.map(({ lane }) => lane);
}

/** No more than what began before the first live message was received. */
function assertLiveFirst(lanes: readonly string[]): void {
  assert.equal(lanes.length, OLD.length + LIVE.length);
  const before = lanes.slice(0, lanes.lastIndexOf("live")).filter((lane) => lane === "backfill").length;
  assert.ok(before <= 2, `${before} backfills before the last live source: ${lanes.join(" ")}`);
}

describe("live sources before backfill", function () {
  this.timeout(60_000);

  it("on the embedded default", async () => {
    using dir = tempDir();
    const logs = join(dir.path, "logs");
    mkdirSync(logs);
    mkdirSync(join(dir.path, "data"));
    for (const name of [...OLD, ...LIVE]) writeFileSync(join(logs, name), LINE);
    const told = (name: string): string => s3Notification("local", join(logs, name), LINE.length, "e");
    {
      const before = { ...systemClock, now: () => new Date(Date.now() - BACKLOG_MS) };
      using queues = await openQueueFile(join(dir.path, "data", "queue.sqlite"), { clock: before });
      await queues.queue("backfill", { maxReceives: 5 }).send(OLD.map(told));
      await queues.queue("split", { maxReceives: 5 }).send(LIVE.map(told));
    }

    const set = ["--set", "splitter.concurrent_sources=1", "--set", "splitter.threads=1"];
    const { code, stderr } = await runVerb(["splitter", "--data", "data", "--once", ...set], dir.path);

    assert.equal(code, 0, stderr);
    const files = globSync(join(dir.path, "data", "routed", "**", "receipts", "**", "*.json"));
    assertLiveFirst(
      lanesOf(files.map((file) => receiptSchema.parse(JSON.parse(readFileSync(file, "utf8"))))),
    );
  });

  for (const name of emulatorsUnderTest().slice(0, 1))
    it(`on ${name}`, async () => {
      await using rig = await openAwsRig(name, { tellsSources: false });
      const sent = Date.now();
      for (const [keys, queue] of [
        [OLD, rig.queues.backfill],
        [LIVE, rig.queues.split],
      ] as const)
        for (const key of keys) {
          await rig.put(key, LINE);
          await rig.send(queue, s3Notification(rig.sources, key, LINE.length, "e"));
        }
      await waitFor("a backlog", () => Date.now() - sent > BACKLOG_MS);
      await using deps = await rig.reading();
      const keys = () => Array.fromAsync(deps.store.list(rig.routed, "receipts/"));

      const splitter = rig.start(["splitter"], { LOG_ROUTER_SPLITTER_CONCURRENT_SOURCES: "1" });
      try {
        await waitFor(
          "every receipt",
          async () => (await keys()).length === OLD.length + LIVE.length,
          30_000,
        );
      } finally {
        await splitter.stop();
      }

      const receipts = await Promise.all(
        (await keys()).map(async ({ key }) =>
          receiptSchema.parse(
            JSON.parse(Buffer.from(await deps.store.getBytes({ bucket: rig.routed, key })).toString()),
          ),
        ),
      );
      assertLiveFirst(lanesOf(receipts));
    });
});
