// The promises of the Queue port (shared/ports/queue.ts), held against every adapter.
import assert from "node:assert/strict";
import type { MessageHandler, QueueMessage } from "../../shared/ports/queue.ts";
import { isRouterError } from "../../shared/errors/router-error.ts";
import { queueConsumerContract } from "./queue-consumer.ts";
import { bodies, QueueBench, settled, type QueueHarness } from "./queue-harness.ts";

/** Declares the suite. `open` gives each test a harness of its own. */
export function queueContract(title: string, open: () => Promise<QueueHarness>): void {
  describe(`Queue contract: ${title}`, function () {
    this.timeout(60_000);
    let harness: QueueHarness;
    let bench: QueueBench;
    const consume: QueueBench["consume"] = (...args) => bench.consume(...args);
    const collect: QueueBench["collect"] = (...args) => bench.collect(...args);

    beforeEach(async () => {
      harness = await open();
      bench = new QueueBench(harness);
    });
    afterEach(() => bench[Symbol.asyncDispose]());

    describe("sending", () => {
      it("delivers every message once when it is settled, the first time with receive count 1", async () => {
        const queue = await harness.queue();
        const from = harness.now() - 2_000;
        await queue.send(bodies(25));

        const got = collect(queue);
        await harness.until("25 messages", () => got.length >= 25);

        assert.deepEqual(got.map((message) => message.body).sort(), bodies(25).sort());
        assert.equal(new Set(got.map((message) => message.id)).size, 25);
        assert.ok(got.every((message) => message.receiveCount === 1));
        assert.ok(got.every((message) => message.sentAt.getTime() >= from));
      });

      it("takes no message, and hundreds at a time", async () => {
        const queue = await harness.queue();
        await queue.send([]);
        await queue.send(bodies(250));

        const got = collect(queue);
        await harness.until("250 messages", () => got.length >= 250);

        assert.equal(new Set(got.map((message) => message.body)).size, 250);
      });

      it("keeps bodies as they are", async () => {
        const queue = await harness.queue();
        const hostile = [
          '{"__proto__":"x"}',
          "'; DROP TABLE messages; --",
          "line\nbreak\ttab \r\n",
          "😀 ü \u2028",
          " ",
          "é".repeat(500_000),
        ];
        for (const body of hostile) await queue.send([body]);

        const got = collect(queue);
        await harness.until("all messages", () => got.length >= hostile.length);

        assert.deepEqual(got.map((message) => message.body).sort(), hostile.toSorted());
      });

      for (const [what, body] of [
        ["empty", ""],
        ["holding NUL", "a\u0000b"],
        ["holding a lone surrogate", "a\ud800b"],
        ["longer than 1 MiB", "x".repeat(1_048_577)],
      ] as const) {
        it(`refuses a body ${what}`, async () => {
          const queue = await harness.queue();

          await assert.rejects(queue.send(["fine", body]), (error) => isRouterError(error, "QUEUE_FAILED"));
        });
      }

      it("holds a message back for its delay", async () => {
        const queue = await harness.queue();
        let at = 0;
        consume(queue, async () => {
          at = harness.now();
          return settled;
        });
        const sent = harness.now();
        await queue.send(["later"], { delaySeconds: 1 });

        await harness.until("the delayed message", () => at > 0);

        assert.ok(at - sent >= 900, `came after ${at - sent} ms`);
      });

      it("sends nothing under a signal that has fired", async () => {
        const queue = await harness.queue();

        await assert.rejects(queue.send(["x"], { signal: AbortSignal.abort() }));

        assert.equal((await queue.depth()).visible, 0);
      });
    });

    describe("handling", () => {
      it("works on `concurrency` messages at a time, and one slow message holds back none of the others", async () => {
        const queue = await harness.queue();
        await queue.send(["slow", ...bodies(30)]);
        const slow = Promise.withResolvers<void>();
        let running = 0;
        let most = 0;
        let done = 0;
        consume(
          queue,
          async (message) => {
            most = Math.max(most, ++running);
            await (message.body === "slow" ? slow.promise : new Promise((resolve) => setTimeout(resolve, 5)));
            running--;
            done++;
            return settled;
          },
          { concurrency: 4 },
        );

        await harness.until("the quick ones", () => done >= 30);

        assert.equal(most, 4);
        slow.resolve();
        await harness.until("the slow one", () => done === 31);
      });

      it("asks how many messages it may have in hand, where that changes", async () => {
        const queue = await harness.queue();
        await queue.send(bodies(40));
        let may = 1;
        let running = 0;
        let most = 0;
        let done = 0;
        const gate = Promise.withResolvers<void>();
        const handler: MessageHandler = async () => {
          assert.ok(++running <= may, `${running} in hand, and ${may} allowed`);
          most = Math.max(most, running);
          may = Math.min(5, may + 1);
          await gate.promise;
          running--;
          done++;
          return settled;
        };
        consume(queue, handler, { concurrency: () => may });

        await harness.until("as many as there may be", () => running === 5);
        gate.resolve();
        await harness.until("all of them", () => done === 40);

        assert.equal(most, 5);
      });

      it("delivers a message again after retry, with the count and the reason", async () => {
        const queue = await harness.queue();
        await queue.send(["again"]);
        const got: QueueMessage[] = [];
        consume(queue, async (message) => {
          got.push(message);
          return got.length === 1 ? { kind: "retry", reason: "403 from the bucket" } : settled;
        });

        await harness.until("the second delivery", () => got.length >= 2);

        assert.deepEqual(
          got.map((message) => message.receiveCount),
          [1, 2],
        );
        assert.equal(got[0]?.id, got[1]?.id);
        if (harness.keepsReasons) assert.equal(got[1]?.lastError, "403 from the bucket");
      });

      it("waits out the delay of a retry", async () => {
        const queue = await harness.queue();
        await queue.send(["again"]);
        const times: number[] = [];
        consume(queue, async () => {
          times.push(harness.now());
          return times.length === 1 ? { kind: "retry", reason: "later", delaySeconds: 1 } : settled;
        });

        await harness.until("the second delivery", () => times.length >= 2);

        assert.ok(times[1]! - times[0]! >= 900, `came after ${times[1]! - times[0]!} ms`);
      });

      it("delivers a message again whose handler threw", async () => {
        const queue = await harness.queue();
        await queue.send(["thrower"]);
        const got: QueueMessage[] = [];
        consume(queue, async (message) => {
          got.push(message);
          if (got.length === 1) throw new Error("out of luck");
          return settled;
        });

        await harness.until("the second delivery", () => got.length >= 2);

        if (harness.keepsReasons) assert.equal(got[1]?.lastError, "out of luck");
      });

      it("keeps a message away from others for as long as its handler runs", async () => {
        const queue = await harness.queue();
        await queue.send(["long"]);
        const start = harness.now();
        const end = Promise.withResolvers<void>();
        let deliveries = 0;
        const handler: MessageHandler = async () => {
          deliveries++;
          await end.promise;
          return settled;
        };
        const both = [1, 2].map(() => consume(queue, handler, { visibilitySeconds: 1 }));

        await harness.until("three visibility time-outs", () => harness.now() - start > 3_000);
        end.resolve();
        await Promise.all(both.map((consumer) => consumer.drain()));

        assert.equal(deliveries, 1);
        const depth = await queue.depth();
        assert.equal(depth.visible + depth.inFlight, 0);
      });

      it("gives each message to one of several consumers", async () => {
        const queue = await harness.queue();
        await queue.send(bodies(300));
        const all = [collect(queue, { concurrency: 3 }), collect(queue, { concurrency: 3 }), collect(queue)];

        await harness.until("300 messages", () => all.flat().length >= 300);

        assert.deepEqual(
          all
            .flat()
            .map((message) => message.body)
            .sort(),
          bodies(300).sort(),
        );
      });
    });

    queueConsumerContract(() => bench);

    it("tells how many messages wait, are in hand, are delayed and are dead", async function () {
      if (!harness.exactDepth) return;
      const queue = await harness.queue();
      assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, delayed: 0, dead: 0 });
      await queue.send(["dead"]);
      await queue.send(bodies(2), { delaySeconds: 3_600 });
      const consumer = consume(
        queue,
        async (message, signal) => {
          if (message.body === "dead") return { kind: "dead", reason: "x" };
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          throw new Error("aborted");
        },
        { concurrency: 3 },
      );
      await harness.until("the dead letter", async () => (await queue.depth()).dead === 1);
      await queue.send(bodies(8));
      await harness.until("three in hand", () => consumer.inFlight === 3);

      assert.deepEqual(await queue.depth(), { visible: 5, inFlight: 3, delayed: 2, dead: 1 });
    });
  });
}
