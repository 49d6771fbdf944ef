import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { z } from "zod";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import { receiptKey } from "../../../shared/contracts/keys.ts";
import {
  operatorMessage,
  parseNotification,
  s3Notification,
} from "../../../shared/contracts/notification.ts";
import { receiptSchema } from "../../../shared/contracts/receipt.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectRead, ObjectRef, PutOptions } from "../../../shared/ports/object-store.ts";
import type { SourceSplit } from "../../../shared/runtime/observer.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { createSplitter, type Splitter } from "../../../services/splitter/splitter.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { configOf, silentLog } from "./split-helpers.ts";

class World implements AsyncDisposable {
  readonly splitQueue = new MemoryQueue({ name: "split", maxReceives: 3 });
  readonly loadQueue = new MemoryQueue({ name: "load", maxReceives: 3 });
  readonly store: MemoryObjectStore;
  readonly metrics = new MemoryMetrics();
  readonly split: SourceSplit[] = [];
  readonly splitters: Splitter[] = [];

  constructor(store = new MemoryObjectStore()) {
    this.store = store;
  }

  start(config: Record<string, unknown> = {}): Splitter {
    const { splitQueue, loadQueue, store, metrics } = this;
    const observer = { sourceSplit: (source: SourceSplit) => void this.split.push(source) };
    const splitter = createSplitter(
      {
        store,
        splitQueue,
        loadQueue,
        routedBucket: "routed",
        metrics,
        log: silentLog,
        clock: systemClock,
        observer,
      },
      configOf(config),
      "live",
    );
    splitter.start();
    this.splitters.push(splitter);
    return splitter;
  }

  async put(key: string, text: string | Uint8Array, bucket = "logs"): Promise<void> {
    await this.store.put({ bucket, key }, typeof text === "string" ? Buffer.from(text) : text);
  }

  async announce(key: string, bucket = "logs", bytes = 1): Promise<void> {
    await this.splitQueue.send([s3Notification(bucket, key, bytes, "untrue")]);
  }

  async settled(): Promise<void> {
    await waitFor("an empty split queue", async () => {
      const { visible, inFlight, delayed } = await this.splitQueue.depth();
      return visible + inFlight + delayed === 0;
    });
  }

  receipts(): string[] {
    return this.store.keys("routed").filter((key) => key.startsWith("receipts/"));
  }

  async receipt(key: string) {
    return receiptSchema.parse(
      JSON.parse(Buffer.from(await this.store.getBytes({ bucket: "routed", key })).toString()),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const splitter of this.splitters) await splitter.abort();
  }
}

function recordsOf(notification: string): unknown[] {
  return z.object({ Records: z.array(z.unknown()) }).parse(JSON.parse(notification)).Records;
}

const LINE = '{"event":"a","n":1}\n';
const MB = 1024 * 1024;

/** Its objects are read only when `open` is called, and it counts those being read. */
class Gated extends MemoryObjectStore {
  reading = 0;
  most = 0;
  readonly #gate = Promise.withResolvers<void>();

  open(): void {
    this.#gate.resolve();
  }

  override async get(ref: ObjectRef): Promise<ObjectRead> {
    const object = await super.get(ref);
    return { ...object, body: this.#gated(object.body), bodyInto: () => this.#gated(object.body) };
  }

  async *#gated(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    this.most = Math.max(this.most, ++this.reading);
    await this.#gate.promise;
    yield* body;
    this.reading--;
  }
}

describe("splitter", () => {
  it("splits what is announced, settles the message and counts", async () => {
    await using world = new World();
    await world.put("x/a b+c.log", `${LINE}{bad\n\n`);
    await world.announce("x/a b+c.log");

    world.start();
    await world.settled();

    assert.equal(world.receipts().length, 1);
    const { lines, source, lane } = await world.receipt(world.receipts()[0]!);
    assert.deepEqual(
      [lines.rows, lines.quarantined, lines.blank, source.key, lane],
      [1, 1, 1, "x/a b+c.log", "live"],
    );
    assert.equal(world.metrics.counter("splitter_lines_total", { fate: "rows" }), 1);
    assert.equal(world.metrics.counter("splitter_lines_quarantined_total", { reason: "invalid_json" }), 1);
    assert.equal(world.metrics.counter("splitter_sources_total", { outcome: "split" }), 1);
    assert.deepEqual(
      world.split.map(({ fresh, types, parts, lines }) => [fresh, types, parts, lines]),
      [[true, 1, 1, 3]],
    );
    assert.equal((await world.loadQueue.depth()).visible, 0);
  });

  it("announces a receipt that is there already, before it settles", async () => {
    await using world = new World();
    await world.put("a", LINE);
    // One after the other, as large ones are.
    for (let i = 0; i < 2; i++) await world.announce("a", "logs", MB);

    world.start({ splitter: { concurrent_sources: 1 } });
    await world.settled();

    assert.equal(world.receipts().length, 1);
    assert.deepEqual(
      world.split.map((split) => split.fresh),
      [true, false],
    );
    const announced: string[] = [];
    const consumer = world.loadQueue.consume(
      async ({ body }) => {
        announced.push(body);
        return { kind: "settled" };
      },
      { concurrency: 1, visibilitySeconds: 30 },
    );
    await waitFor("the announcement", () => announced.length > 0);
    await consumer.drain();
    const notification = parseNotification(announced[0]!);
    assert.ok(notification.kind === "objects");
    assert.deepEqual(
      notification.objects.map(({ bucket, key }) => [bucket, key]),
      [["routed", world.receipts()[0]]],
    );
  });

  it("lets two splitters work on one source at once and ends with one receipt", async () => {
    await using world = new World();
    await world.put("a", LINE.repeat(5000));
    for (let i = 0; i < 4; i++) await world.announce("a");

    world.start({ splitter: { threads: 2 } });
    world.start();
    await world.settled();

    assert.equal(world.receipts().length, 1);
    assert.equal((await world.receipt(world.receipts()[0]!)).lines.rows, 5000);
    assert.equal(world.split.filter((split) => split.fresh).length, 1);
    assert.equal((await world.loadQueue.depth()).visible, 3);
  });

  it("settles and counts what is no source: test events, its own objects, folders, deletions, objects that are gone", async () => {
    await using world = new World();
    await world.put("parts/x", LINE, "routed");
    await world.put("receipts/x", LINE, "routed");
    await world.splitQueue.send([
      JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }),
      s3Notification("routed", "parts/x", 5, "e"),
      s3Notification("routed", "receipts/x", 5, "e"),
      s3Notification("logs", "folder/", 0, "e"),
      s3Notification("logs", "deleted", 5, "e").replace("ObjectCreated:Put", "ObjectRemoved:Delete"),
      s3Notification("logs", "expired", 5, "e").replace("ObjectCreated:Put", "LifecycleExpiration:Delete"),
      s3Notification("logs", "gone", 5, "e"),
    ]);

    world.start();
    await world.settled();

    assert.deepEqual(await world.splitQueue.deadLetters(10), []);
    assert.deepEqual(world.store.keys("routed"), ["parts/x", "receipts/x"]);
    assert.equal(world.metrics.counter("splitter_objects_gone_total"), 1);
    const skipped = ["own", "folder", "other_event"].map((reason) =>
      world.metrics.counter("splitter_objects_skipped_total", { reason }),
    );
    assert.deepEqual(skipped, [2, 1, 2]);
    assert.equal((await world.loadQueue.depth()).visible, 0);
  });

  it("takes other objects of the routed bucket, and keys that end with a slash, for sources", async () => {
    await using world = new World();
    await world.put("input/x", LINE, "routed");
    await world.put("odd/", LINE);
    await world.announce("input/x", "routed");
    await world.announce("odd/");

    world.start();
    await world.settled();

    assert.equal(world.receipts().length, 2);
  });

  it("puts foreign messages with the dead letters at once", async () => {
    await using world = new World();
    await world.splitQueue.send(["hello"]);

    world.start();
    await world.settled();

    const [dead] = await world.splitQueue.deadLetters(10);
    assert.equal(dead?.receiveCount, 1);
    assert.equal(world.metrics.counter("splitter_messages_foreign_total"), 1);
  });

  it("writes no receipt for what does not follow from the bytes, tries again, and ends with the dead letters", async () => {
    class Refusing extends MemoryObjectStore {
      override get(_ref: ObjectRef): Promise<ObjectRead> {
        return Promise.reject(new RouterError("ACCESS_DENIED", "No access to logs/a."));
      }
    }
    await using world = new World(new Refusing());
    await world.put("a", LINE);
    await world.announce("a");

    world.start();
    await waitFor("the dead letter", async () => (await world.splitQueue.depth()).dead === 1);

    const [dead] = await world.splitQueue.deadLetters(10);
    assert.match(dead?.reason ?? "", /ACCESS_DENIED/);
    assert.deepEqual(world.receipts(), []);
    assert.equal(world.metrics.counter("splitter_errors_total", { code: "ACCESS_DENIED" }), 3);
  });

  it("settles a message only when all of its objects are split", async () => {
    class Flaky extends MemoryObjectStore {
      refusals = 1;
      override get(ref: ObjectRef, signal?: AbortSignal): Promise<ObjectRead> {
        if (ref.key === "b" && this.refusals-- > 0)
          return Promise.reject(new RouterError("OBJECT_STORE_FAILED", "Slow down."));
        return super.get(ref, signal);
      }
    }
    await using world = new World(new Flaky());
    await world.put("a", LINE);
    await world.put("b", LINE);
    const [a, b] = ["a", "b"].map((key) => recordsOf(s3Notification("logs", key, 1, "e")));
    await world.splitQueue.send([JSON.stringify({ Records: [...a!, ...b!] })]);

    world.start();
    await world.settled();

    assert.equal(world.receipts().length, 2);
    assert.deepEqual(
      world.split.map(({ key, fresh }) => [key, fresh]),
      [
        ["a", true],
        ["a", false],
        ["b", true],
      ],
    );
  });

  it("obeys an operator's verbs: a higher generation, salvaged; asked again, it announces", async () => {
    await using world = new World();
    const cut = gzipSync(
      Array.from({ length: 5000 }, (_, i) => `{"event":"a","n":${i}}\n`).join(""),
    ).subarray(0, 10_000);
    await world.put("a", cut);
    await world.announce("a");
    world.start();
    await world.settled();
    const failed = await world.receipt(world.receipts()[0]!);

    await world.splitQueue.send([operatorMessage("salvage", "logs", "a", 1)]);
    await world.settled();
    await world.splitQueue.send([
      operatorMessage("salvage", "logs", "a", 1),
      s3Notification("logs", "a", 1, "e"),
    ]);
    await world.settled();

    assert.equal(failed.state, "failed");
    const { id } = failed.source;
    assert.deepEqual(world.receipts(), [receiptKey(id, 0), receiptKey(id, 1)]);
    const salvaged = await world.receipt(receiptKey(id, 1));
    assert.deepEqual(
      [salvaged.state, salvaged.salvaged, salvaged.lines.rows],
      ["split", true, failed.failure!.after_line],
    );
    assert.equal((await world.loadQueue.depth()).visible, 2);
  });

  it("has many small sources in work in the place of each large one", async () => {
    const store = new Gated();
    await using world = new World(store);
    for (let i = 0; i < 80; i++) {
      await world.put(`small-${i}`, LINE);
      await world.announce(`small-${i}`, "logs", LINE.length);
    }

    world.start({ splitter: { concurrent_sources: 2 } });
    await waitFor("sources in work", () => store.reading === 64);
    store.open();
    await world.settled();

    assert.equal(store.most, 64);
    assert.equal(world.receipts().length, 80);
  });

  it("has no more large sources in work than it may, also when their messages say that they are small", async () => {
    const store = new Gated();
    await using world = new World(store);
    for (const [i, bytes] of [5 * MB, 1, 1, 1, undefined].entries()) {
      await world.put(`large-${i}`, `{"event":"a","s":"${"x".repeat(MB + i)}"}\n`);
      await world.announce(`large-${i}`, "logs", bytes);
    }

    const splitter = world.start({ splitter: { concurrent_sources: 2 } });
    await waitFor("sources in work", () => store.reading === 2 && splitter.inFlight >= 2);
    store.open();
    await world.settled();

    assert.equal(store.most, 2);
    assert.equal(world.receipts().length, 5);
  });

  it("gives its messages back when aborted, and another splitter finishes them", async () => {
    class Stuck extends MemoryObjectStore {
      stuck = true;
      override async put(
        ref: ObjectRef,
        body: Uint8Array | AsyncIterable<Uint8Array>,
        options: PutOptions = {},
      ) {
        if (this.stuck && ref.bucket === "routed") {
          const { signal } = options;
          await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
          signal?.throwIfAborted();
        }
        return super.put(ref, body, options);
      }
    }
    const store = new Stuck();
    await using world = new World(store);
    await world.put("a", LINE);
    await world.announce("a");
    const first = world.start();
    await waitFor("the source in hand", () => first.inFlight === 1);

    await first.abort();
    store.stuck = false;
    world.start();
    await world.settled();

    assert.equal(world.receipts().length, 1);
    assert.deepEqual(await world.splitQueue.deadLetters(10), []);
  });

  it("drains: what is in hand is finished", async () => {
    await using world = new World();
    await world.put("a", LINE.repeat(500_000));
    await world.announce("a");
    const splitter = world.start({ splitter: { threads: 2 } });
    await waitFor("the source in hand", () => splitter.inFlight === 1);

    await splitter.drain();

    assert.equal(splitter.inFlight, 0);
    assert.equal(world.receipts().length, 1);
  });
});
