// What the consumer loop does when the queue itself has trouble; its promises proper are in the contract suite.
import assert from "node:assert/strict";
import type { Delivery, QueueBackend } from "../../../shared/adapters/queue-backend.ts";
import { QueueConsumer } from "../../../shared/adapters/queue-consumer.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import type { RouterError } from "../../../shared/errors/router-error.ts";
import type { MessageHandler } from "../../../shared/ports/queue.ts";
import { ManualClock } from "../../../shared/runtime/clock.ts";

/** A backend whose `trouble` operations fail as often as it says. */
function troubled(queue: MemoryQueue, trouble: Partial<Record<"receive" | "conclude" | "extend", number>>) {
  const left = { receive: 0, conclude: 0, extend: 0, ...trouble };
  const calls: string[] = [];
  const through = <T>(name: keyof typeof left, work: () => Promise<T>): Promise<T> => {
    calls.push(name);
    return left[name]-- > 0 ? Promise.reject(new Error(`no ${name}`)) : work();
  };
  const backend: QueueBackend = {
    name: queue.name,
    receive: (max, ms) => through("receive", () => queue.receive(max, ms)),
    extend: (deliveries, ms) => through("extend", () => queue.extend(deliveries, ms)),
    conclude: (delivery: Delivery, verdict) => through("conclude", () => queue.conclude(delivery, verdict)),
    idle: (signal) => queue.idle(signal),
  };
  return { backend, calls };
}

describe("QueueConsumer", () => {
  const clock = new ManualClock();
  const errors: RouterError[] = [];

  const start = (backend: QueueBackend, handler: MessageHandler): QueueConsumer =>
    new QueueConsumer(backend, handler, {
      concurrency: 2,
      visibilitySeconds: 30,
      maxReceives: 5,
      backoffSeconds: () => 1,
      clock,
      onError: (error) => errors.push(error),
    });

  beforeEach(() => errors.splice(0));

  it("asks a queue that is out of order less and less often, and goes on when it is back", async () => {
    const queue = new MemoryQueue({ clock });
    await queue.send(["m"]);
    const { backend, calls } = troubled(queue, { receive: 8 });
    let handled = 0;
    await using _consumer = start(backend, async () => {
      handled++;
      return { kind: "settled" };
    });

    await clock.advance(10_000);
    assert.equal(calls.length, 5, "after 0, 0.5, 1.5, 3.5 and 7.5 s");
    await clock.advance(110_000);

    assert.equal(handled, 1);
    assert.deepEqual([errors.length, errors[0]?.code, errors[0]?.retryable], [8, "QUEUE_FAILED", true]);
  });

  it("writes an outcome again that could not be written, and holds the message meanwhile", async () => {
    const queue = new MemoryQueue({ clock });
    await queue.send(["m"]);
    const { backend, calls } = troubled(queue, { conclude: 3 });
    let handled = 0;
    await using consumer = start(backend, async () => {
      handled++;
      return { kind: "settled" };
    });

    await clock.advance(60_000);

    assert.deepEqual([handled, consumer.inFlight, errors.length], [1, 0, 0]);
    assert.equal(calls.filter((call) => call === "conclude").length, 4);
    assert.deepEqual(await queue.depth(), { visible: 0, inFlight: 0, delayed: 0, dead: 0 });
  });

  it("gives up writing at last and says so; the message comes back after its time-out", async () => {
    const queue = new MemoryQueue({ clock });
    await queue.send(["m"]);
    const { backend } = troubled(queue, { conclude: 6 });
    let handled = 0;
    await using _consumer = start(backend, async () => {
      handled++;
      return { kind: "settled" };
    });

    await clock.advance(60_000);

    assert.equal(handled, 2);
    assert.match(errors[0]!.message, /could not settle/);
    assert.equal((await queue.depth()).inFlight, 0);
  });

  it("bears two lost heartbeats", async () => {
    const queue = new MemoryQueue({ clock });
    await queue.send(["m"]);
    const { backend } = troubled(queue, { extend: 2 });
    let handled = 0;
    const end = Promise.withResolvers<void>();
    const consumer = start(backend, async () => {
      handled++;
      await end.promise;
      return { kind: "settled" };
    });

    await clock.advance(120_000);
    end.resolve();
    await consumer.drain();

    assert.deepEqual([handled, errors.length], [1, 2]);
    assert.equal((await queue.depth()).visible, 0);
  });

  it("does not count a delivery that an abort has cut off", async () => {
    const queue = new MemoryQueue({ clock, maxReceives: 2 });
    await queue.send(["m"]);
    for (let restart = 0; restart < 5; restart++) {
      const counts: number[] = [];
      const consumer = start(troubled(queue, {}).backend, async (message, signal) => {
        counts.push(message.receiveCount);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { kind: "retry", reason: "cut off" };
      });
      await clock.advance(10);
      await consumer.abort();

      assert.deepEqual(counts, [1]);
    }
    assert.deepEqual(await queue.depth(), { visible: 1, inFlight: 0, delayed: 0, dead: 0 });
  });

  it("keeps a reason short and well formed", async () => {
    const queue = new MemoryQueue({ clock });
    await queue.send(["m"]);
    const consumer = start(troubled(queue, {}).backend, async () => ({
      kind: "dead",
      reason: `${"x".repeat(1_999)}😀${"y".repeat(5_000)}`,
    }));
    await clock.advance(10);
    await consumer.drain();

    const [letter] = await queue.deadLetters(1);
    assert.equal(letter?.reason?.length, 2_000);
    assert.ok(letter.reason.isWellFormed());
  });
});
