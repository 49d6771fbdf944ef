// The promises of the Queue port (shared/ports/queue.ts), held against every adapter.
import assert from "node:assert/strict";
import type {
  ConsumeOptions,
  Consumer,
  MessageHandler,
  Queue,
  QueueMessage,
} from "../../shared/ports/queue.ts";
import { isRouterError } from "../../shared/errors/router-error.ts";

/** Queues under test. Time is the adapter's: real, or a clock that `until` moves on. Disposed after each test. */
export interface QueueHarness extends AsyncDisposable {
  /** An empty queue of its own. Messages whose handler threw come back within a second or two. */
  queue(options?: { readonly maxReceives?: number }): Promise<Queue>;
  /** Waits, or moves the clock on, until the condition holds. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Milliseconds on the adapter's clock. */
  now(): number;
  /** True when `lastError` and the dead letters' `reason` are kept. */
  readonly keepsReasons: boolean;
  /** False where counts lag behind (SQS). */
  readonly exactDepth: boolean;
  /** False where a message that was moved back from the dead letters keeps its receive count (LocalStack; AWS makes it a new message). */
  readonly countsAnew?: boolean;
}

const bodies = (count: number, prefix = "m"): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const settled = { kind: "settled" } as const;

/** Declares the suite. `open` gives each test a harness of its own. */
export function queueContract(title: string, open: () => Promise<QueueHarness>): void {
  describe(`Queue contract: ${title}`, function () {
    this.timeout(60_000);
    let harness: QueueHarness;
    const consumers: Consumer[] = [];

    function consume(queue: Queue, handler: MessageHandler, options: Partial<ConsumeOptions> = {}): Consumer {
      const consumer = queue.consume(handler, { concurrency: 10, visibilitySeconds: 30, ...options });
      consumers.push(consumer);
      return consumer;
    }

    /** Consumes and settles everything, keeping what came. */
    function collect(queue: Queue, options: Partial<ConsumeOptions> = {}): QueueMessage[] {
      const messages: QueueMessage[] = [];
      consume(
        queue,
        async (message) => {
          messages.push(message);
          return settled;
        },
        options,
      );
      return messages;
    }

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await Promise.all(consumers.splice(0).map((consumer) => consumer.abort()));
      await harness[Symbol.asyncDispose]();
    });

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
        for (let i = 0; i < 2; i++) {
          consume(
            queue,
            async () => {
              deliveries++;
              await end.promise;
              return settled;
            },
            { visibilitySeconds: 1 },
          );
        }

        await harness.until("three visibility time-outs", () => harness.now() - start > 3_000);
        end.resolve();
        await Promise.all(consumers.map((consumer) => consumer.drain()));

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
