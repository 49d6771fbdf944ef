import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { openQueueFile } from "../../../shared/adapters/local/queue-file.ts";
import { SqliteQueue } from "../../../shared/adapters/local/sqlite-queue.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import type { Delivery, Verdict } from "../../../shared/adapters/queue-backend.ts";
import { isRouterError, type RouterError } from "../../../shared/errors/router-error.ts";
import { ManualClock } from "../../../shared/runtime/clock.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

type Step =
  | { readonly do: "send"; readonly bodies: number; readonly delaySeconds: number }
  | { readonly do: "receive"; readonly max: number; readonly visibilityMs: number }
  | { readonly do: "conclude"; readonly which: number; readonly verdict: Verdict }
  | { readonly do: "extend"; readonly which: number; readonly visibilityMs: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "redrive" };

const verdict: fc.Arbitrary<Verdict> = fc.oneof(
  fc.constant({ kind: "settle" } as const),
  fc.record({ kind: fc.constant("kill" as const), reason: fc.constantFrom("bad", "worse") }),
  fc.record({
    kind: fc.constant("show" as const),
    delayMs: fc.constantFrom(0, 100, 5_000),
    reason: fc.constantFrom("failed", undefined),
    undo: fc.boolean(),
  }),
);
const visibilityMs = fc.constantFrom(500, 1_000, 3_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("send" as const),
    bodies: fc.integer({ min: 0, max: 4 }),
    delaySeconds: fc.constantFrom(0, 0, 1, 2.5),
  }),
  fc.record({ do: fc.constant("receive" as const), max: fc.integer({ min: 1, max: 5 }), visibilityMs }),
  fc.record({ do: fc.constant("conclude" as const), which: fc.nat(20), verdict }),
  fc.record({ do: fc.constant("extend" as const), which: fc.nat(20), visibilityMs }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.constantFrom(1, 99, 500, 1_000, 3_000) }),
  fc.constant({ do: "redrive" } as const),
);

const shown = ({ message }: Delivery) => ({ ...message, id: undefined, lastError: message.lastError });

const letters = async (queue: SqliteQueue | MemoryQueue) =>
  (await queue.deadLetters(100)).map((letter) => ({ ...letter, id: undefined }));

describe("SqliteQueue", () => {
  it("does what the queue in memory does, whatever is done to both", async () => {
    using dir = tempDir();
    const clock = new ManualClock();
    using file = await openQueueFile(`${dir.path}/q.sqlite`, { clock });
    let runs = 0;

    async function compare(steps: readonly Step[]): Promise<void> {
      const options = { maxReceives: 2 };
      const real = new SqliteQueue(file, `run ${++runs}`, options);
      const model = new MemoryQueue({ clock, ...options });
      const pairs: (readonly [Delivery, Delivery])[] = [];
      let sent = 0;
      for (const one of steps) {
        if (one.do === "send") {
          const bodies = Array.from({ length: one.bodies }, () => `m${++sent}`);
          await real.send(bodies, one);
          await model.send(bodies, one);
        } else if (one.do === "receive") {
          const got = await real.receive(one.max, one.visibilityMs);
          const expected = await model.receive(one.max, one.visibilityMs);
          assert.deepEqual(got.map(shown), expected.map(shown));
          got.forEach((delivery, i) => pairs.push([delivery, expected[i]!]));
        } else if (one.do === "advance") {
          await clock.advance(one.ms);
        } else if (one.do === "redrive") {
          assert.equal(await real.redrive(), await model.redrive());
        } else if (pairs.length > 0) {
          const [a, b] = pairs[one.which % pairs.length]!;
          if (one.do === "conclude") {
            await real.conclude(a, one.verdict);
            await model.conclude(b, one.verdict);
          } else {
            await real.extend([a], one.visibilityMs);
            await model.extend([b], one.visibilityMs);
          }
        }
        assert.deepEqual(await real.depth(), await model.depth());
        assert.deepEqual(await letters(real), await letters(model));
      }
    }

    const numRuns = Number(process.env["FC_RUNS"] ?? 250);
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 50, size: "max" }), compare), { numRuns });
  });

  it("wakes a consumer of its own process at once, however long it has been idle", async () => {
    using dir = tempDir();
    using file = await openQueueFile(`${dir.path}/q.sqlite`);
    const queue = file.queue("q");
    const got: number[] = [];
    await using _consumer = queue.consume(
      async () => {
        got.push(performance.now());
        return { kind: "settled" };
      },
      { concurrency: 1, visibilitySeconds: 10 },
    );
    const latencies: number[] = [];
    for (let i = 1; i <= 3; i++) {
      const idleSince = performance.now();
      await waitFor("a long poll", () => performance.now() - idleSince > 300);
      const sent = performance.now();
      await queue.send(["x"]);
      await waitFor("the message", () => got.length === i);
      latencies.push(got.at(-1)! - sent);
    }

    const median = latencies.toSorted((a, b) => a - b)[1]!;
    assert.ok(median < 100, `median ${median} ms; a poll alone would take up to 250 ms`);
  });

  it("leaves the messages of another opener in the same process alone until it has closed", async () => {
    using dir = tempDir();
    const clock = new ManualClock();
    const first = await openQueueFile(`${dir.path}/q.sqlite`, { clock });
    using second = await openQueueFile(`${dir.path}/q.sqlite`, { clock });
    await first.queue("q").send(["m"]);
    const held = await new SqliteQueue(first, "q", {}).receive(1, 600_000);
    const other = new SqliteQueue(second, "q", {});
    for (let i = 0; i < 5; i++) {
      await clock.advance(2_000);
      assert.deepEqual(await other.receive(1, 1_000), []);
    }
    assert.equal(held.length, 1);

    first[Symbol.dispose]();
    await clock.advance(2_000);

    assert.equal((await other.receive(1, 1_000))[0]?.message.receiveCount, 2);
  });

  it("waits for another process's transaction without blocking the event loop, then fails with QUEUE_FAILED", async () => {
    using dir = tempDir();
    using file = await openQueueFile(`${dir.path}/q.sqlite`, { lockWaitMs: 300 });
    const queue = file.queue("q");
    using other = new DatabaseSync(`${dir.path}/q.sqlite`);
    other.exec("BEGIN IMMEDIATE");
    let longestGap = 0;
    let last = performance.now();
    const ticks = setInterval(() => {
      longestGap = Math.max(longestGap, performance.now() - last);
      last = performance.now();
    }, 1);

    await assert.rejects(
      queue.send(["x"]),
      (error) => isRouterError(error, "QUEUE_FAILED") && error.retryable,
    );
    const waiting = queue.send(["y"]);
    await new Promise((resolve) => setImmediate(resolve));
    other.exec("ROLLBACK");
    await waiting;

    clearInterval(ticks);
    assert.ok(longestGap < 200, `the event loop stood still for ${longestGap} ms`);
    assert.equal((await queue.depth()).visible, 1);
  });

  it("reports what goes wrong while consuming and goes on when it is over", async () => {
    using dir = tempDir();
    const errors: RouterError[] = [];
    using file = await openQueueFile(`${dir.path}/q.sqlite`, {
      lockWaitMs: 50,
      onError: (error) => errors.push(error),
    });
    const queue = file.queue("q");
    await queue.send(["x"]);
    using other = new DatabaseSync(`${dir.path}/q.sqlite`);
    other.exec("BEGIN IMMEDIATE");
    const got: string[] = [];
    await using _consumer = queue.consume(
      async ({ body }) => {
        got.push(body);
        return { kind: "settled" };
      },
      { concurrency: 1, visibilitySeconds: 10 },
    );

    await waitFor("the report", () => errors.length > 0);
    assert.equal(errors[0]?.code, "QUEUE_FAILED");
    other.exec("ROLLBACK");
    await waitFor("the message", () => got.length === 1);
  });

  it("refuses a file that is no queue file, and one of another version, and leaves them as they are", async () => {
    using dir = tempDir();
    writeFileSync(`${dir.path}/text`, "not a database ".repeat(500));
    const newer = new DatabaseSync(`${dir.path}/newer`);
    newer.exec("PRAGMA user_version = 7");
    newer.close();

    await assert.rejects(openQueueFile(`${dir.path}/text`), (error) => isRouterError(error, "QUEUE_FAILED"));
    await assert.rejects(openQueueFile(`${dir.path}/newer`), /another version \(7\)/);
    await assert.rejects(openQueueFile(`${dir.path}/no/folder`), (error) =>
      isRouterError(error, "QUEUE_FAILED"),
    );

    assert.equal(readFileSync(`${dir.path}/text`, "utf8"), "not a database ".repeat(500));
  });

  it("writes what is asked for in the same turn in order, and of it only what fails fails", async () => {
    using dir = tempDir();
    using file = await openQueueFile(`${dir.path}/q.sqlite`);
    const queue = file.queue("q");
    const rows = (): number => Number(file.statement("SELECT count(*) AS n FROM messages").get()?.["n"]);

    const writes = await Promise.allSettled([
      queue.send(["a"]),
      file.write(rows),
      file.write(() => file.statement("INSERT INTO messages (queue) VALUES ('q')").run()),
      queue.send(["b"]),
      file.write(rows),
    ]);

    assert.deepEqual(
      writes.map((write) => (write.status === "fulfilled" ? write.value : write.reason.code)),
      [undefined, 1, "QUEUE_FAILED", undefined, 2],
    );
  });

  it("waits once for the lock of another process, however many small writes wait for it", async () => {
    using dir = tempDir();
    const clock = new ManualClock();
    const path = `${dir.path}/q.sqlite`;
    using file = await openQueueFile(path, { clock, lockWaitMs: 1_000 });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const started = clock.now().getTime();
    const sent = Promise.allSettled(Array.from({ length: 20 }, () => file.queue("q").send(["a"])));
    const isOver = sent.then(() => true);

    while (!(await Promise.race([isOver, turn(false)]))) await clock.advance(20);
    other.close();

    assert.ok(
      (await sent).every(
        (result) => result.status === "rejected" && isRouterError(result.reason, "QUEUE_FAILED"),
      ),
    );
    assert.ok(clock.now().getTime() - started < 2_000);
  });
});
