// The SQS adapter through a proxy: batches that are done in part, refusals, and the traps of sqs-consumer, each one a test.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { createSqsClient } from "../../../shared/adapters/aws/clients.ts";
import { createSqsQueue } from "../../../shared/adapters/aws/sqs-queue.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { ConsumeOptions, Consumer, MessageHandler, Queue } from "../../../shared/ports/queue.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { emulatorsUnderTest, runningEmulator } from "../../helpers/emulators.ts";
import { jsonRefusal, startFaultProxy, type FaultProxy } from "../../helpers/fault-proxy.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const settled = { kind: "settled" } as const;

const [name] = emulatorsUnderTest();
if (name === undefined) it("SQS faults: not run, because there is no python3 to start an emulator");
else
  describe("SQS through a faulty network", function () {
    this.timeout(60_000);
    let proxy: FaultProxy;
    let client: SQSClient;
    let direct: SQSClient;
    let queueUrl: string;
    let queue: Queue;
    let warnings: string[];
    const consumers: Consumer[] = [];
    before(async () => {
      const { emulator, sqs } = await runningEmulator(name);
      direct = sqs;
      proxy = await startFaultProxy(emulator.endpoint);
      client = createSqsClient({
        endpoint: proxy.endpoint,
        region: emulator.region,
        pathStyle: true,
        maxAttempts: 1,
      });
    });
    after(async () => {
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      const QueueName = `faults-${randomBytes(6).toString("hex")}`;
      queueUrl = (await direct.send(new CreateQueueCommand({ QueueName }))).QueueUrl!;
      warnings = [];
      queue = createSqsQueue(client, queueUrl, {
        clock: systemClock,
        maxReceives: 10,
        waitSeconds: 1,
        warn: (what) => void warnings.push(what),
      });
    });
    afterEach(async () => {
      proxy.clear();
      await Promise.all(consumers.splice(0).map((consumer) => consumer.abort()));
    });

    function consume(handler: MessageHandler, options: Partial<ConsumeOptions> = {}): Consumer {
      const consumer = queue.consume(handler, { concurrency: 10, visibilitySeconds: 30, ...options });
      consumers.push(consumer);
      return consumer;
    }
    const operation = (wanted: string) => (request: { operation: string }) => request.operation === wanted;
    /** Messages that are there, seen or not. */
    async function left(): Promise<number> {
      const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const answer = await direct.send(
        new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] }),
      );
      return names.reduce((sum, one) => sum + Number(answer.Attributes?.[one] ?? 0), 0);
    }
    const bodies = (count: number) => Array.from({ length: count }, (_, at) => `m${at}`);

    describe("batches that are done in part", () => {
      it("send what failed again, each message once", async () => {
        proxy.arm({
          effect: { kind: "partial", positions: [0, 3, 9] },
          match: operation("SendMessageBatch"),
          times: 2,
        });
        await queue.send(bodies(25));

        const got: string[] = [];
        consume(async (message) => (got.push(message.body), settled));
        await waitFor("25 messages", () => got.length >= 25);
        assert.deepEqual(got.toSorted(), bodies(25).toSorted());
        assert.ok(proxy.count("SendMessageBatch") >= 4);
      });

      it("fail the sending, retryable, when an entry goes on failing, or is our fault", async () => {
        for (const senderFault of [false, true]) {
          proxy.clear();
          const before = proxy.count("SendMessageBatch");
          proxy.arm({
            effect: { kind: "partial", positions: [1], senderFault },
            match: operation("SendMessageBatch"),
          });
          proxy.arm({
            effect: { kind: "partial", positions: [0], senderFault },
            match: operation("SendMessageBatch"),
            times: 100,
          });

          await assert.rejects(queue.send(bodies(3)), (error) => {
            assert.ok(isRouterError(error, "QUEUE_FAILED") && error.retryable);
            assert.match(error.message, /1 of 3/);
            return true;
          });
          assert.equal(proxy.count("SendMessageBatch") - before, senderFault ? 1 : 4);
        }
      });

      it("delete again what was not deleted", async () => {
        await queue.send(["a"]);
        proxy.arm({ effect: { kind: "partial", positions: [0] }, match: operation("DeleteMessageBatch") });

        let handled = 0;
        const consumer = consume(async () => ((handled += 1), settled));
        await waitFor("the message", () => handled > 0);
        await consumer.drain();

        assert.deepEqual([handled, await left(), warnings.length], [1, 0, 0]);
      });

      it("say it when a settled message cannot be deleted, and deliver it again", async () => {
        await queue.send(["a"]);
        proxy.arm({
          effect: { kind: "partial", positions: [0] },
          match: operation("DeleteMessageBatch"),
          times: 4,
        });

        const counts: number[] = [];
        consume(async (message) => (counts.push(message.receiveCount), settled), { visibilitySeconds: 3 });
        await waitFor("a second delivery", () => counts.length > 1, 20_000);

        assert.deepEqual(counts, [1, 2]);
        assert.match(warnings.join("; "), /could not be deleted/);
      });

      it("make a failed message visible again although the first try failed", async () => {
        await queue.send(["a"]);
        proxy.arm({
          effect: { kind: "partial", positions: [0] },
          match: operation("ChangeMessageVisibilityBatch"),
        });

        let deliveries = 0;
        consume(async () => {
          deliveries += 1;
          return deliveries === 1 ? { kind: "retry", reason: "not yet", delaySeconds: 0 } : settled;
        });
        await waitFor("a second delivery", () => deliveries > 1);
      });
    });

    describe("receiving", () => {
      for (const [what, effect] of [
        ["the connection is cut", { kind: "lose-request" }],
        ["the server fails", jsonRefusal(500, "com.amazonaws.sqs#InternalError")],
      ] as const)
        it(`backs off when ${what}, and goes on when it is over`, async () => {
          proxy.arm({ effect, match: operation("ReceiveMessage"), times: Infinity });
          const before = proxy.count("ReceiveMessage");
          const from = performance.now();
          let handled = 0;
          consume(async () => ((handled += 1), settled));

          await waitFor("four warnings", () => warnings.length >= 4);
          const elapsed = performance.now() - from;
          // The library takes a new pause one poll late: 0, 200 and 400 ms. Without any it would be hundreds of requests.
          assert.ok(elapsed >= 550, `${elapsed} ms`);
          assert.ok(proxy.count("ReceiveMessage") - before <= 5);
          proxy.clear();
          await queue.send(["a"]);
          await waitFor("the message", () => handled > 0);
        });

      it("waits seconds when access is denied or requests are throttled", async () => {
        await queue.send(bodies(2));
        const from = performance.now();
        let handled = 0;
        for (const [type, status] of [
          ["AccessDenied", 403],
          ["RequestThrottled", 400],
        ] as const)
          proxy.arm({
            effect: jsonRefusal(status, `com.amazonaws.sqs#${type}`),
            match: operation("ReceiveMessage"),
          });
        const before = proxy.count("ReceiveMessage");
        for (const _ of [1, 2]) consume(async () => ((handled += 1), settled), { concurrency: 1 });

        await waitFor("both refusals", () => warnings.length === 2);
        await waitFor("the messages", () => handled === 2, 20_000);

        assert.ok(performance.now() - from > 4_900);
        assert.ok(proxy.count("ReceiveMessage") - before <= 6);
      });

      it("loses no message when the answer of a receive is lost", async () => {
        await queue.send(bodies(5));
        proxy.arm({ effect: { kind: "lose-answer" }, match: operation("ReceiveMessage") });

        const got = new Set<string>();
        consume(async (message) => (got.add(message.body), settled), { visibilitySeconds: 2 });
        await waitFor("all of them", () => got.size >= 5, 20_000);
      });
    });

    describe("traps of sqs-consumer", () => {
      it("drain waits until the handler has ended and its delete was sent", async () => {
        await queue.send(["a"]);
        const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
        const consumer = consume(async () => (await mayEnd, settled));
        await waitFor("the message", () => consumer.inFlight === 1);

        let drained = false;
        const draining = consumer.drain().then(() => void (drained = true));
        const polls = proxy.count("ReceiveMessage");
        await waitFor("the poll's end", async () => (await queue.depth()).inFlight === 1);
        assert.equal(drained, false);
        end();
        await draining;

        assert.equal(await left(), 0);
        assert.ok(proxy.count("ReceiveMessage") <= polls + 1);
        assert.equal(consumer.inFlight, 0);
      });

      it("abort does not stop the delete of work that was done", async () => {
        await queue.send(["a"]);
        const consumer = consume(
          (_, signal) =>
            new Promise((resolve) =>
              signal.addEventListener("abort", () => resolve(settled), { once: true }),
            ),
        );
        await waitFor("the message", () => consumer.inFlight === 1);

        await consumer.abort();

        assert.equal(await left(), 0);
        assert.deepEqual(warnings, []);
      });

      it("a slow message holds back none of its batch, nor the ones behind it", async () => {
        await queue.send(bodies(25));
        const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
        const done: string[] = [];
        let slow: string | undefined;
        const consumer = consume(
          async (message) => {
            slow ??= message.body;
            if (slow === message.body) await mayEnd;
            done.push(message.body);
            return settled;
          },
          { concurrency: 3 },
        );

        await waitFor("the other 24", () => done.length === 24);
        // The last of them is done before its delete is.
        await waitFor("only the slow one to be left", () => consumer.inFlight === 1);
        assert.ok(!done.includes(slow!));
        end();
        await consumer.drain();
        assert.equal(await left(), 0);
      });

      it("never takes more than it may handle at once", async () => {
        await queue.send(bodies(30));
        let most = 0;
        let done = 0;
        const consumer = consume(
          async () => {
            most = Math.max(most, consumer.inFlight);
            await new Promise((resolve) => setImmediate(resolve));
            done += 1;
            return settled;
          },
          { concurrency: 4 },
        );

        await waitFor("all", () => done >= 30);
        assert.ok(most <= 4, `${most} at once`);
      });

      it("a handler that throws, or says nothing, has settled nothing", async () => {
        await queue.send(["throws"]);
        const counts: number[] = [];
        consume(async (message) => {
          counts.push(message.receiveCount);
          if (message.receiveCount === 1) throw new Error("on purpose");
          return settled;
        });

        await waitFor("a second delivery", () => counts.length > 1, 20_000);
        assert.deepEqual(counts, [1, 2]);
        await waitFor("the delete", async () => (await left()) === 0);
      });

      it("the heartbeat keeps a message as long as its handler works, through failures of its own", async () => {
        await queue.send(["a"]);
        const isBeat = operation("ChangeMessageVisibilityBatch");
        proxy.arm({ effect: jsonRefusal(500, "com.amazonaws.sqs#InternalError"), match: isBeat });
        const before = proxy.count("ChangeMessageVisibilityBatch");
        let deliveries = 0;
        const consumer = consume(
          async () => {
            deliveries += 1;
            // Two visibility time-outs long.
            await waitFor("beats", () => proxy.count("ChangeMessageVisibilityBatch") - before >= 6);
            return settled;
          },
          { visibilitySeconds: 2 },
        );

        await waitFor("the beats", () => proxy.count("ChangeMessageVisibilityBatch") - before >= 6);
        await consumer.drain();
        assert.equal(deliveries, 1);
        assert.equal(await left(), 0);
        assert.equal(warnings.filter((text) => /could not be extended/.test(text)).length, 1);
      });
    });
  });
