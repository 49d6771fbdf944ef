// Two of the same worker at the same work.
import assert from "node:assert/strict";
import { ChangeMessageVisibilityCommand } from "@aws-sdk/client-sqs";
import type { FaultLab } from "../fault-lab.ts";
import { partPrefix, receiptKey } from "../../../../shared/contracts/keys.ts";
import { receiptSchema } from "../../../../shared/contracts/receipt.ts";
import { eventLines, putter, rowCounts, until } from "./common.ts";

const ROUNDS = 12;

/** Every table is wanted by both loaders all the time, and is made or widened by one of them. */
export async function twoLoadersOnTheSameTables(lab: FaultLab): Promise<void> {
  const put = putter(lab);
  lab.start("splitter");
  for (const _ of [1, 2]) lab.start("loader");

  const sources = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Every third round has a member more.
    const text = eventLines("a", "b").replaceAll("}", `,"member_${Math.floor(round / 3)}":${round}}`);
    sources.push(await put(text));
  }
  for (const source of sources) await lab.loaded(source);

  for (const source of sources) assert.deepEqual(await rowCounts(lab, source), { a: 3, b: 3 });
  const tables = await lab.query("SELECT event_type, table_name FROM log_router.tables ORDER BY 1");
  assert.deepEqual(
    tables.map((row) => Object.values(row)).filter(([type]) => type !== ""),
    [
      ["a", "a"],
      ["b", "b"],
    ],
  );
  const columns = await lab.query(
    "SELECT table_name, path, COUNT(*)::int AS n FROM log_router.columns GROUP BY 1, 2 HAVING COUNT(*) > 1",
  );
  assert.deepEqual(columns, []);
}

/** Told apart by case alone, at the same time, to two loaders: two tables, nothing mixed. */
export async function orderAndOrder(lab: FaultLab): Promise<void> {
  const put = putter(lab);
  lab.start("splitter", { LOG_ROUTER_SPLITTER_CONCURRENT_SOURCES: "2" });
  // Both receipts are there before the first loader looks.
  const { url } = lab.rig.queues.load;
  const before = await lab.depth(url);
  const upper = await put(eventLines("Order"));
  const lower = await put(eventLines("order"));
  await until("both receipts", async () => (await lab.depth(url)) === before + 2);
  // One message a loader: whoever has one does not take the other.
  for (const _ of [1, 2]) lab.start("loader", { LOG_ROUTER_LOADER_CONCURRENT_MESSAGES: "1" });
  await lab.loaded(upper);
  await lab.loaded(lower);

  const tables = await lab.query(
    "SELECT event_type, table_name FROM log_router.tables WHERE event_type <> ''",
  );
  const tableOf = new Map(tables.map((row) => [String(row["event_type"]), String(row["table_name"])]));
  assert.deepEqual([...tableOf.keys()].toSorted(), ["Order", "order"]);
  assert.equal(new Set([...tableOf.values()].map((table) => table.toLowerCase())).size, 2);
  assert.deepEqual(await rowCounts(lab, upper), { [tableOf.get("Order")!]: 3 });
  assert.deepEqual(await rowCounts(lab, lower), { [tableOf.get("order")!]: 3 });
}

/**
 * One message, delivered to two splitters of different configurations, neither of which finds a receipt: they take the event type from
 * different members and compress differently. One receipt wins, and all rows are of that one's attempt.
 */
export async function twoConfigurations(lab: FaultLab): Promise<void> {
  const { split } = lab.rig.queues;
  // A megabyte and more, so that a splitter which may have one source is full with it.
  const pad = "x".repeat(50_000);
  const text = Array.from({ length: 30 }, (_, n) => ({
    event: n % 2 === 0 ? "visit" : "order",
    kind: "other",
    n,
    pad,
  }))
    .map((line) => JSON.stringify(line))
    .join("\n");
  // Both have read the source and found no receipt before either may write one.
  const gate = Promise.withResolvers<void>();
  let atTheGate = 0;
  const source = lab.source("raw/both.ndjson", text);
  const isReceipt = ({ method, url }: { method: string; url: string }): boolean =>
    method === "PUT" && url.includes(`/receipts/${source.id}/`);
  lab.s3.arm({
    effect: { kind: "delay", ms: 0 },
    match: isReceipt,
    times: 2,
    meanwhile: () => {
      if (++atTheGate === 2) gate.resolve();
      return gate.promise;
    },
  });
  // The first delivery is handed out a second time, as SQS may: whoever has it is full, the other splitter gets it.
  const alone = {
    LOG_ROUTER_AWS_SILENCE_SECONDS: "600",
    LOG_ROUTER_SPLITTER_CONCURRENT_SOURCES: "1",
    // A heartbeat would hide the message again.
    LOG_ROUTER_SPLITTER_VISIBILITY_SECONDS: "600",
  };
  const first = lab.start("splitter", alone);
  const second = lab.start("splitter", {
    ...alone,
    LOG_ROUTER_EVENT_TYPE: "kind",
    LOG_ROUTER_SPLITTER_COMPRESSION: "gzip",
  });
  await lab.put(source);
  await until("one splitter to have it", () => atTheGate === 1);
  const [delivery] = lab.deliveries.of(split.url, source.key);
  await lab.rig.running.sqs.send(
    new ChangeMessageVisibilityCommand({
      QueueUrl: split.url,
      ReceiptHandle: delivery!.receiptHandle,
      VisibilityTimeout: 0,
    }),
  );
  await until("both splitters to have it", () => atTheGate === 2);
  lab.start("loader");
  await lab.loaded(source);
  await lab.quiet();

  const { receipt, attempts } = await readAttempts(lab, source.id);
  assert.equal(attempts.size, 2);
  const types = new Set(receipt.parts.flatMap((part) => part.types.map(({ event_type }) => event_type)));
  const expected = types.has("other") ? { other: 30 } : { order: 15, visit: 15 };
  assert.deepEqual(await rowCounts(lab, source), expected);
  for (const { key } of receipt.parts) assert.ok(key.includes(`-${receipt.attempt}-`));
  const lost = [first, second].filter(({ output }) => output.stderr.includes('"attempt_lost"'));
  assert.equal(lost.length, 1, "one attempt wins, the other is lost");
}

async function readAttempts(lab: FaultLab, id: string) {
  await using deps = await lab.rig.reading();
  const bucket = lab.rig.routed;
  const bytes = await deps.store.getBytes({ bucket, key: receiptKey(id, 0) });
  const receipt = receiptSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  const receipts = await Array.fromAsync(deps.store.list(bucket, `receipts/${id}/`));
  assert.equal(receipts.length, 1);
  const parts = await Array.fromAsync(deps.store.list(bucket, partPrefix(id)));
  return { receipt, attempts: new Set(parts.map(({ key }) => key.split("-")[1])) };
}
