// What the Queue port promises when several processes share one file, and when they die.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, utimesSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openQueueFile, type QueueFile } from "../../shared/adapters/local/queue-file.ts";
import { LEASE_EXPIRED } from "../../shared/adapters/queue-backend.ts";
import type { QueueMessage } from "../../shared/ports/queue.ts";
import { tempDir, type TempDir } from "../helpers/temp-dir.ts";
import { waitFor } from "../helpers/wait-for.ts";

const workerFile = fileURLToPath(new URL("sqlite-queue-worker.ts", import.meta.url));

interface Worker {
  readonly process: ChildProcess;
  readonly lines: string[];
}

const ownersIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.includes("-owner-"));

describe("SQLite queue between processes", function () {
  this.timeout(60_000);
  let dir: TempDir;
  let file: QueueFile;
  const workers: Worker[] = [];

  beforeEach(async () => {
    dir = tempDir();
    file = await openQueueFile(`${dir.path}/queues.sqlite`);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => end(worker, "SIGKILL")));
    file[Symbol.dispose]();
    dir[Symbol.dispose]();
  });

  function start(mode: "settle" | "hang", visibilitySeconds: number): Worker {
    const child = spawn(process.execPath, [workerFile, file.path, "q", mode, String(visibilitySeconds)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
    });
    const worker = { process: child, lines };
    workers.push(worker);
    return worker;
  }

  async function end({ process: child }: Worker, signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, "exit");
    }
    return child.exitCode;
  }

  it("gives each of 3,000 messages to one of three processes, once, while a fourth sends them", async () => {
    const queue = file.queue("q");
    const started = [start("settle", 30), start("settle", 30), start("settle", 30)];
    await Promise.all(
      started.map((worker) => waitFor("the worker", () => worker.lines.includes("ready"), 20_000)),
    );
    for (let i = 0; i < 3_000; i += 20) {
      await queue.send(Array.from({ length: 20 }, (_, j) => `m${i + j}`));
    }

    await waitFor("an empty queue", async () => {
      const { visible, inFlight } = await queue.depth();
      return visible + inFlight === 0;
    });
    const codes = await Promise.all(started.map((worker) => end(worker, "SIGTERM")));

    assert.deepEqual(codes, [0, 0, 0]);
    const got = started.flatMap((worker) => worker.lines.filter((line) => line !== "ready"));
    assert.equal(got.length, 3_000);
    assert.equal(new Set(got).size, 3_000);
    assert.ok(got.every((line) => line.endsWith(" 1")));
    const shares = started.map((worker) => worker.lines.length - 1);
    assert.ok(
      shares.filter((share) => share > 0).length >= 2,
      `they were at it together: ${shares.join(", ")}`,
    );
  });

  for (const visibilitySeconds of [1, 600]) {
    it(`delivers the messages of a process killed with kill -9 again, soon, with a time-out of ${visibilitySeconds} s`, async () => {
      const queue = file.queue("q");
      await queue.send(["a", "b", "c"]);
      const worker = start("hang", visibilitySeconds);
      await waitFor("three in hand", () => worker.lines.length === 4, 20_000);
      const got: QueueMessage[] = [];
      await using _consumer = queue.consume(
        async (message) => {
          got.push(message);
          return { kind: "settled" };
        },
        { concurrency: 10, visibilitySeconds: 30 },
      );
      // While it lives its heartbeats hold them, for longer than one short time-out.
      const sent = Date.now();
      await waitFor("two seconds", () => Date.now() - sent > 2_000);
      assert.equal((await queue.depth()).inFlight, 3);
      assert.equal(got.length, 0);

      await end(worker, "SIGKILL");
      await waitFor("the three again", () => got.length === 3, 5_000);

      assert.deepEqual(new Set(got.map(({ body }) => body)), new Set(["a", "b", "c"]));
      assert.ok(got.every((message) => message.receiveCount === 2 && message.lastError === LEASE_EXPIRED));
    });
  }

  it("removes what a killed process leaves behind, and nothing of those that live", async () => {
    const worker = start("hang", 600);
    await waitFor("the worker", () => worker.lines.includes("ready"), 20_000);
    assert.equal(ownersIn(dir.path).length, 2);
    for (const name of ownersIn(dir.path)) utimesSync(`${dir.path}/${name}`, 1_000, 1_000);

    using _before = await openQueueFile(file.path);
    assert.equal(ownersIn(dir.path).length, 3);
    await end(worker, "SIGKILL");
    using _after = await openQueueFile(file.path);

    assert.equal(ownersIn(dir.path).length, 3, "one gone, one come");
  });

  it("puts a message that kills its process each time into the dead letters", async () => {
    const queue = file.queue("q", { maxReceives: 2 });
    await queue.send(["killer"]);
    for (let death = 1; death <= 2; death++) {
      const worker = start("hang", 1);
      await waitFor("the message", () => worker.lines.includes(`killer ${death}`), 20_000);
      await end(worker, "SIGKILL");
    }
    await using _consumer = queue.consume(
      async () => {
        throw new Error("delivered once too often");
      },
      { concurrency: 1, visibilitySeconds: 1 },
    );

    await waitFor("the dead letter", async () => (await queue.depth()).dead === 1);

    const [letter] = await queue.deadLetters(1);
    assert.deepEqual([letter?.body, letter?.receiveCount, letter?.reason], ["killer", 2, LEASE_EXPIRED]);
  });

  it("is made by several openers at the same time, and keeps queues apart", async () => {
    const path = `${dir.path}/new.sqlite`;
    const files = await Promise.all(Array.from({ length: 10 }, () => openQueueFile(path)));
    await Promise.all(files.map((opened, i) => opened.queue(`q${i % 2}`).send([`${i}`])));

    assert.equal((await files[0]!.queue("q0").depth()).visible, 5);
    assert.equal((await files[9]!.queue("q1").depth()).visible, 5);
    assert.equal((await files[0]!.queue("q").depth()).visible, 0);
    for (const opened of files) opened[Symbol.dispose]();
  });
});
