import assert from "node:assert/strict";
import { failingObjectStore } from "../../../shared/adapters/failing/failing-object-store.ts";
import { failingPort } from "../../../shared/adapters/failing/failing-port.ts";
import { failingQueue } from "../../../shared/adapters/failing/failing-queue.ts";
import { FaultPlan, SimulatedCrash, type Fault } from "../../../shared/adapters/failing/fault-plan.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import { isRouterError, RouterError } from "../../../shared/errors/router-error.ts";
import type { Queue } from "../../../shared/ports/queue.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const ref = { bucket: "b", key: "k" };
const injected = (error: unknown): boolean => isRouterError(error, "INTERNAL") && error.retryable;
const crashed = (error: unknown): boolean => error instanceof SimulatedCrash;

function setUp(...faults: Fault[]) {
  const real = new MemoryObjectStore({ chunkBytes: 2 });
  const plan = new FaultPlan(faults);
  return { real, plan, store: failingObjectStore("store", real, plan) };
}

describe("failingObjectStore", () => {
  it("without faults is the store, and keeps a journal", async () => {
    const { store, plan } = setUp();
    await store.put(ref, text("abc"));
    const read = await store.get(ref);

    assert.deepEqual(await Array.fromAsync(read.body), [text("ab"), text("c")]);
    assert.deepEqual(await Array.fromAsync(store.list("b", ""), ({ key }) => key), ["k"]);
    assert.deepEqual(plan.journal, [
      "store.put",
      "store.get",
      "store.body",
      "store.body",
      "store.list",
      "store.list.end",
    ]);
  });

  it("fails before: nothing has happened", async () => {
    const { store, real } = setUp({ operation: "store.put", moment: "before" });

    await assert.rejects(store.put(ref, text("x")), injected);
    assert.deepEqual(real.keys("b"), []);
    await store.put(ref, text("x"));
    assert.deepEqual(real.keys("b"), ["k"], "once only");
  });

  it("fails after: it has happened, the answer is lost", async () => {
    const error = new RouterError("OBJECT_STORE_FAILED", "no answer");
    const { store, real } = setUp({ operation: "store.put", moment: "after", error });

    await assert.rejects(store.put(ref, text("x")), error);
    assert.deepEqual(real.keys("b"), ["k"]);
  });

  it("counts and chooses calls", async () => {
    const { store } = setUp({
      operation: "store.head",
      moment: "before",
      skip: 1,
      times: 2,
      when: (one) => JSON.stringify(one).includes('"k"'),
    });
    const other = { bucket: "b", key: "other" };
    await store.head(ref);
    await store.head(other);
    await assert.rejects(store.head(ref), injected);
    await store.head(other);
    await assert.rejects(store.head(ref), injected);
    await store.head(ref);
  });

  it("breaks a body off in the middle, and a listing", async () => {
    const { store } = setUp(
      { operation: "store.body", moment: "before", skip: 1 },
      { operation: "store.list.end", moment: "before" },
    );
    await store.put(ref, text("abc"));
    const { body } = await store.get(ref);
    const chunks: Uint8Array[] = [];

    await assert.rejects(async () => {
      for await (const chunk of body) chunks.push(chunk);
    }, injected);
    assert.deepEqual(chunks, [text("ab")]);
    await assert.rejects(Array.fromAsync(store.list("b", "")), injected);
  });

  it("crashes: from then on nothing is done and nothing is answered, on any port of the plan", async () => {
    const { store, plan, real } = setUp({ operation: "store.put", moment: "after", error: "crash" });
    const second = failingPort(
      "port",
      { act: async () => 1, name: "x", inner: { act: async () => 2 } },
      plan,
    );
    assert.deepEqual([await second.act(), second.name, await second.inner.act()], [1, "x", 2]);

    await assert.rejects(store.put(ref, text("x")), crashed);
    await assert.rejects(store.put({ ...ref, key: "later" }, text("x")), crashed);
    await assert.rejects(store.get(ref), crashed);
    await assert.rejects(Array.fromAsync(store.list("b", "")), crashed);
    await assert.rejects(second.inner.act(), crashed);
    await plan.crashed;

    assert.deepEqual(real.keys("b"), ["k"], "what had happened stays");
  });
});

describe("failingQueue", () => {
  const options = { concurrency: 1, visibilitySeconds: 30 };

  /** Runs one consumer under the plan until it has crashed or the queue is empty; then another without. Counts the handlings. */
  async function handlings(...faults: Fault[]): Promise<number> {
    const queue = new MemoryQueue({ backoffSeconds: () => 0 });
    await queue.send(["m"]);
    const plan = new FaultPlan(faults);
    let handled = 0;
    const consumeWith = (through: Queue) =>
      through.consume(async () => {
        handled++;
        return { kind: "settled" };
      }, options);
    const empty = async (): Promise<boolean> => {
      const { visible, inFlight, delayed } = await queue.depth();
      return visible + inFlight + delayed === 0;
    };
    {
      await using _first = consumeWith(failingQueue("queue", queue, plan));
      await waitFor("crash or end", async () => plan.hasCrashed || (await empty()));
    }
    await using _second = consumeWith(queue);
    await waitFor("an empty queue", empty);
    return handled;
  }

  it("delivers work again whose settling was lost, and not what was settled before the crash", async () => {
    assert.equal(await handlings(), 1);
    assert.equal(await handlings({ operation: "queue.settle", moment: "before" }), 2);
    assert.equal(await handlings({ operation: "queue.settle", moment: "before", error: "crash" }), 2);
    assert.equal(await handlings({ operation: "queue.settle", moment: "after", error: "crash" }), 1);
  });

  it("takes a message back from a handler that was working when its process crashed", async () => {
    const queue = new MemoryQueue();
    await queue.send(["m"]);
    const plan = new FaultPlan();
    const failing = failingQueue("queue", queue, plan);
    await using consumer = failing.consume(() => new Promise(() => undefined), options);
    await waitFor("the handler", () => consumer.inFlight === 1);

    plan.crash();

    await waitFor("the message", async () => (await queue.depth()).visible === 1);
    await assert.rejects(failing.send(["x"]), crashed);
  });
});
