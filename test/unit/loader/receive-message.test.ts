import assert from "node:assert/strict";
import { operatorMessage, s3Notification } from "../../../shared/contracts/notification.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { outcomeOf, receiptsIn } from "../../../services/loader/receive-message.ts";
import { harness, numbered, stateOf } from "./harness.ts";

const RECEIPT = `receipts/${"0".repeat(32)}/0.json`;
const told = (key: string, bucket = "routed"): string => s3Notification(bucket, key, 5, "e");
const deletion = (key: string): string => told(key).replace("ObjectCreated:Put", "ObjectRemoved:Delete");
const together = (...bodies: readonly string[]): string =>
  JSON.stringify({ Records: bodies.flatMap((body) => JSON.parse(body).Records) });

describe("receiptsIn", () => {
  for (const [what, body, keys, skipped] of [
    ["a receipt", told(RECEIPT), [RECEIPT], 0],
    ["a test event", JSON.stringify({ Event: "s3:TestEvent" }), [], 0],
    ["a deleted receipt", deletion(RECEIPT), [], 1],
    ...["parts/", "shapes/", "quarantine/", "loads/"].map(
      (prefix) => [`an object under ${prefix}`, told(`${prefix}x`), [] as string[], 1] as const,
    ),
    [
      "several records",
      together(told("parts/x"), told(RECEIPT), deletion("parts/x"), told(RECEIPT)),
      [RECEIPT, RECEIPT],
      2,
    ],
  ] as const)
    it(`takes ${what}`, () => {
      const announced = receiptsIn({ body }, "routed");

      assert.ok(announced.kind === "receipts", JSON.stringify(announced));
      assert.deepEqual([announced.objects.map(({ key }) => key), announced.skipped], [keys, skipped]);
    });

  for (const [what, body] of [
    ["another bucket's objects", told(RECEIPT, "other")],
    ["objects under none of the prefixes", told("input/x")],
    ["what is no receipt's key although it is beside them", told("receipts/x/0.json")],
    ["an operator's verb, which is the splitter's", operatorMessage("force", "routed", RECEIPT, 1)],
    ["one that is foreign among others", together(told(RECEIPT), told("input/x"))],
    ["what is no notification", "hello"],
  ] as const)
    it(`calls foreign ${what}`, () => {
      assert.equal(receiptsIn({ body }, "routed").kind, "foreign");
    });
});

describe("outcomeOf", () => {
  it("gives up what can never succeed, and tries everything else again, later each time", () => {
    const gone = new RouterError("OBJECT_GONE", "gone");
    assert.deepEqual(outcomeOf(gone, 1).kind, "dead");
    assert.deepEqual(outcomeOf(new RouterError("RECEIPT_INVALID", "x"), 1).kind, "dead");
    const later = [1, 2, 3, 20].map((count) => outcomeOf(new RouterError("ACCESS_DENIED", "x"), count));
    assert.deepEqual(
      later.map((outcome) => outcome.kind === "retry" && outcome.delaySeconds),
      [1, 2, 4, 300],
    );
  });
});

describe("loader, told of what is no receipt", () => {
  it("settles the message quietly and counts, and loads what stands beside it", async () => {
    const h = harness();
    const source = await h.put({ key: "/logs/a", types: { a: numbered(1) } });
    await h.queue.send([
      told("parts/x", "routed"),
      together(deletion(source.receiptKey), told(source.receiptKey, "routed")),
    ]);
    await using loader = h.loader();

    await loader.start();
    await h.untilDone(loader);

    assert.equal(stateOf(h.warehouse, source), "loaded");
    assert.equal(h.metrics.counter("loader_objects_skipped_total"), 2);
    assert.deepEqual(h.warnings, []);
    assert.equal((await h.queue.depth()).dead, 0);
  });
});
