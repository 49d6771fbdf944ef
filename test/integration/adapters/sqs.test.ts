// The SQS adapter on an emulator: what the port's contract does not say, because it is SQS's own.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { CreateQueueCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { createSqsClient } from "../../../shared/adapters/aws/clients.ts";
import { createSqsQueue } from "../../../shared/adapters/aws/sqs-queue.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { Consumer, MessageHandler, Outcome, Queue } from "../../../shared/ports/queue.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { emulatorsUnderTest, runningEmulator } from "../../helpers/emulators.ts";
import { startFaultProxy, type FaultProxy } from "../../helpers/fault-proxy.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const HOUR_MS = 3600 * 1000;
const settled = { kind: "settled" } as const;

// One emulator will do: what is tested here is our side of it.
for (const name of emulatorsUnderTest().slice(0, 1)) {
  describe(`SQS on ${name}`, function () {
    this.timeout(60_000);
    let proxy: FaultProxy;
    let client: SQSClient;
    let queueUrl: string;
    let warnings: { what: string; error: unknown }[];
    /** Added to the time of day. */
    let later = 0;
    const consumers: Consumer[] = [];

    before(async () => {
      const { emulator } = await runningEmulator(name);
      proxy = await startFaultProxy(emulator.endpoint);
      const { region } = emulator;
      client = createSqsClient({ endpoint: proxy.endpoint, region, pathStyle: true, maxAttempts: 1 });
    });
    after(async () => {
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    });
    beforeEach(async () => {
      later = 0;
      warnings = [];
      const QueueName = `adapter-${randomBytes(6).toString("hex")}`;
      queueUrl = (await client.send(new CreateQueueCommand({ QueueName }))).QueueUrl!;
    });
    afterEach(() => Promise.all(consumers.splice(0).map((consumer) => consumer.abort())));

    const open = (url = queueUrl): Queue =>
      createSqsQueue(client, url, {
        clock: { ...systemClock, now: () => new Date(Date.now() + later) },
        maxReceives: 10,
        waitSeconds: 1,
        warn: (what, error) => void warnings.push({ what, error }),
      });
    function consume(queue: Queue, handler: MessageHandler, visibilitySeconds = 30): Consumer {
      const consumer = queue.consume(handler, { concurrency: 10, visibilitySeconds });
      consumers.push(consumer);
      return consumer;
    }

    it("sends no more than 256 KiB of bodies in one request, the lowest limit in the field", async () => {
      const queue = open();
      const bodies = Array.from({ length: 7 }, (_, n) => String(n).repeat(100_000));
      const before = proxy.requests.length;

      await queue.send(bodies);

      const requests = proxy.requests.slice(before);
      assert.deepEqual(
        requests.map(({ body }) => JSON.parse(body.toString()).Entries.length),
        [2, 2, 2, 1],
      );
      const got: string[] = [];
      consume(queue, async ({ body }) => (got.push(body), settled));
      await waitFor("every body", () => got.length >= bodies.length);
      assert.deepEqual(got.toSorted(), bodies);
    });

    it("lets a message go shortly before SQS's 12 hours, and keeps the younger ones", async () => {
      const queue = open();
      const deliveries = new Map<string, number>();
      const mayEnd = Promise.withResolvers<void>();
      const count = (body: string): number => deliveries.get(body) ?? 0;
      const consumer = consume(
        queue,
        async ({ body, receiveCount }) => {
          deliveries.set(body, receiveCount);
          if (receiveCount === 1) await mayEnd.promise;
          return settled;
        },
        3,
      );
      await queue.send(["old"]);
      await waitFor("the old one", () => count("old") === 1);
      later = 6 * HOUR_MS;
      await queue.send(["young"]);
      await waitFor("the young one", () => count("young") === 1);

      later = 12 * HOUR_MS - 60_000;
      await waitFor("the old one to come again", () => count("old") === 2, 20_000);

      assert.equal(count("young"), 1);
      assert.ok(consumer.inFlight >= 2, "the old handler still runs");
      mayEnd.resolve();
    });

    it("takes a handler that says nothing for one that has settled nothing", async () => {
      const queue = open();
      const counts: number[] = [];
      consume(queue, async ({ receiveCount }) => {
        counts.push(receiveCount);
        return receiveCount === 1 ? (undefined as unknown as Outcome) : settled;
      });
      await queue.send(["a"]);

      await waitFor("a second delivery", () => counts.length > 1, 20_000);
      assert.deepEqual(counts, [1, 2]);
    });

    it("says which queue there is not, and goes on asking", async () => {
      const url = `${queueUrl}-not`;
      consume(open(url), async () => settled);

      await waitFor("the warning", () => warnings.length > 0);
      const [{ what, error } = { what: "", error: undefined }] = warnings;
      assert.match(what, /tried again/);
      assert.ok(isRouterError(error, "QUEUE_FAILED"));
      assert.ok(error.message.startsWith(`receiving from ${url}: there is no such queue`), error.message);
    });
  });
}
