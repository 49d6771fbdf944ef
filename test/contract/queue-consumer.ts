// The promises of the Queue port about what becomes of messages in the end, and of consumers: part of queue.ts.
import assert from "node:assert/strict";
import type { QueueMessage } from "../../shared/ports/queue.ts";
import { bodies, settled, type QueueBench, type QueueHarness } from "./queue-harness.ts";

export function queueConsumerContract(bench: () => QueueBench): void {
  let harness: QueueHarness;
  const consume: QueueBench["consume"] = (...args) => bench().consume(...args);
  const collect: QueueBench["collect"] = (...args) => bench().collect(...args);
  beforeEach(() => void (harness = bench().harness));

  describe("dead letters", () => {
    it("take a message after its last delivery, with the reason", async () => {
      const queue = await harness.queue({ maxReceives: 3 });
      await queue.send(["poison"]);
      const counts: number[] = [];
      consume(queue, async (message) => {
        counts.push(message.receiveCount);
        return { kind: "retry", reason: `failure ${message.receiveCount}` };
      });

      await harness.until("the dead letter", async () => (await queue.depth()).dead === 1);

      assert.deepEqual(counts, [1, 2, 3]);
      const [letter] = await queue.deadLetters(10);
      assert.equal(letter?.body, "poison");
      if (harness.keepsReasons) assert.deepEqual([letter?.reason, letter?.receiveCount], ["failure 3", 3]);
    });

    it("take a message at once that can never succeed, and neighbours go on", async () => {
      const queue = await harness.queue();
      await queue.send(["foreign", "fine"]);
      const seen: string[] = [];
      consume(queue, async ({ body }) => {
        seen.push(body);
        return body === "foreign" ? { kind: "dead", reason: "not ours" } : settled;
      });

      await harness.until("the dead letter", async () => (await queue.depth()).dead === 1);
      await harness.until("both", () => seen.length === 2);

      const letters = await queue.deadLetters(10);
      assert.deepEqual(
        letters.map((letter) => letter.body),
        ["foreign"],
      );
      if (harness.keepsReasons) assert.equal(letters[0]?.reason, "not ours");
    });

    it("are listed up to a limit and move back by redrive, to be counted from 1 again", async () => {
      const queue = await harness.queue();
      await queue.send(bodies(5));
      let sane = false;
      const got: QueueMessage[] = [];
      consume(queue, async (message) => {
        if (!sane) return { kind: "dead", reason: "not yet" };
        got.push(message);
        return settled;
      });
      await harness.until("five dead letters", async () => (await queue.depth()).dead === 5);

      assert.equal((await queue.deadLetters(3)).length, 3);
      sane = true;
      const moved = await queue.redrive();
      await harness.until("five messages", () => got.length >= 5);

      assert.equal(moved, 5);
      if (harness.countsAnew !== false) assert.ok(got.every((message) => message.receiveCount === 1));
      assert.deepEqual(await queue.deadLetters(10), []);
      assert.equal(await queue.redrive(), 0);
    });
  });

  describe("the consumer's life", () => {
    it("receives nothing while paused and goes on after resume", async () => {
      const queue = await harness.queue();
      const got: string[] = [];
      const consumer = consume(queue, async (message) => {
        got.push(message.body);
        return settled;
      });
      await queue.send(["before"]);
      await harness.until("the first message", () => got.length === 1);

      consumer.pause();
      // What a receive under way still brings counts as received before the pause.
      await queue.send(["flush"]);
      const start = harness.now();
      await harness.until("half a second", () => harness.now() - start > 500);
      const flushed = got.length;
      await queue.send(bodies(5));
      const again = harness.now();
      await harness.until("half a second", () => harness.now() - again > 500);

      assert.equal(got.length, flushed);
      consumer.resume();
      await harness.until("the rest", () => got.length === 7);
    });

    it("drains: waits for handlers and their outcomes, receives nothing more", async () => {
      const queue = await harness.queue();
      await queue.send(bodies(20));
      let started = 0;
      let ended = 0;
      const go = Promise.withResolvers<void>();
      const consumer = consume(
        queue,
        async () => {
          started++;
          await go.promise;
          ended++;
          return settled;
        },
        { concurrency: 5 },
      );
      await harness.until("five in hand", () => started === 5);
      assert.equal(consumer.inFlight, 5);

      const drained = consumer.drain();
      go.resolve();
      await drained;

      assert.deepEqual([started, ended, consumer.inFlight], [5, 5, 0]);
      const rest = collect(queue);
      await harness.until("the other fifteen", () => rest.length >= 15);
      assert.equal(rest.length, 15);
      assert.ok(rest.every((message) => message.receiveCount === 1));
    });

    it("aborts: fires the signals, and what was not settled is visible at once", async () => {
      const queue = await harness.queue({ maxReceives: 2 });
      await queue.send(["cut off", "done"]);
      let started = 0;
      const consumer = consume(queue, async (message, signal) => {
        started++;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        if (message.body === "cut off") signal.throwIfAborted();
        return settled;
      });
      await harness.until("both in hand", () => started === 2);

      await consumer.abort();
      const rest = collect(queue);
      const from = harness.now();
      await harness.until("the unsettled one", () => rest.length === 1);

      assert.equal(rest[0]?.body, "cut off");
      assert.ok(harness.now() - from < 5_000, "long before its visibility time-out");
      assert.equal(consumer.inFlight, 0);
    });

    it("may be drained, aborted and disposed of together, in any order, more than once", async () => {
      const queue = await harness.queue();
      await queue.send(["one"]);
      const consumer = consume(queue, async (_, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        return settled;
      });
      await harness.until("one in hand", () => consumer.inFlight === 1);

      await Promise.all([consumer.drain(), consumer.abort(), consumer[Symbol.asyncDispose]()]);
      await consumer.drain();

      const depth = await queue.depth();
      assert.equal(depth.visible + depth.inFlight, 0);
    });
  });
}
