import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { announceObjects } from "../../../cli/compose/announce-files.ts";
import { createPace, parseRate } from "../../../cli/compose/backfill/pace.ts";
import { SentBatches } from "../../../cli/compose/backfill/sent-batches.ts";
import { isWithin, parseTime, timeRange } from "../../../cli/compose/backfill/time-range.ts";
import { watchSent } from "../../../cli/compose/backfill/watch-sent.ts";
import { RunTotals } from "../../../cli/progress/run-totals.ts";
import { MemoryQueue } from "../../../shared/adapters/memory/memory-queue.ts";
import { sourceId } from "../../../shared/contracts/keys.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectInfo } from "../../../shared/ports/object-store.ts";
import type { SourceRow, SourceState } from "../../../shared/ports/warehouse.ts";
import { ManualClock } from "../../../shared/runtime/clock.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { fakeDeps } from "./fake-deps.ts";

const NOW = new Date("2026-10-10T12:00:00Z");
const isUsage = (error: unknown): boolean => isRouterError(error, "USAGE");

describe("--since and --until", () => {
  it("takes days, times with a zone, and how long ago", () => {
    const of = (text: string): string => parseTime("--since", text, NOW).toISOString();
    assert.equal(of("2026-10-01"), "2026-10-01T00:00:00.000Z");
    assert.equal(of("2026-10-01T06:00+02:00"), "2026-10-01T04:00:00.000Z");
    assert.equal(of("2026-10-01T06:00:01.5Z"), "2026-10-01T06:00:01.500Z");
    assert.equal(of("36h"), "2026-10-09T00:00:00.000Z");
    assert.equal(of("7d"), "2026-10-03T12:00:00.000Z");
    assert.equal(of("90m"), "2026-10-10T10:30:00.000Z");
  });

  it("refuses texts that are no times, days that there are not, and empty ranges", () => {
    for (const text of [
      "",
      "yesterday",
      "2026",
      "2026-02-30",
      "2026-13-01",
      "2026-10-01T06:00",
      "7w",
      "-1d",
      "1e3d",
    ])
      assert.throws(() => parseTime("--since", text, NOW), isUsage, text);
    assert.throws(() => timeRange({ since: "1d", until: "2d" }, NOW), isUsage);
    assert.throws(() => timeRange({ since: "2026-10-01", until: "2026-10-01" }, NOW), isUsage);
  });

  it("holds its begin and not its end", () => {
    const range = timeRange({ since: "2026-10-01", until: "2026-10-02" }, NOW);
    const within = [
      "2026-09-30T23:59:59.999Z",
      "2026-10-01T00:00Z",
      "2026-10-01T23:59:59.999Z",
      "2026-10-02T00:00Z",
    ];
    assert.deepEqual(
      within.map((text) => isWithin(range, new Date(text))),
      [false, true, true, false],
    );
    assert.ok(isWithin({}, new Date(0)));
  });
});

describe("--rate", () => {
  it("takes objects a second", () => {
    assert.deepEqual(["100/s", "100", "0.5/s"].map(parseRate), [100, 100, 0.5]);
    for (const text of ["0", "0/s", "-1", "x", "10/m", "1e9", ""])
      assert.throws(() => parseRate(text), isUsage, text);
  });

  it("lets so many through and no more", async () => {
    const clock = new ManualClock(NOW);
    const pace = createPace(100, clock);
    const { signal } = new AbortController();
    let sent = 0;
    const sending = (async () => {
      for (let left = 500; left > 0; left -= pace.atOnce) {
        await pace.wait(pace.atOnce, signal);
        sent += pace.atOnce;
      }
    })();
    for (let second = 1; second < 5; second++) {
      await clock.advance(1000);
      assert.ok(Math.abs(sent - second * 100) <= pace.atOnce, `${sent} after ${second} s`);
    }
    await clock.advance(1000);
    await sending;
    assert.equal(sent, 500);
  });
});

const object = (key: string, etag = "e", at = NOW): ObjectInfo => ({
  bucket: "src",
  key,
  etag,
  bytes: 7,
  lastModified: at,
});

describe("announceObjects", () => {
  const { signal } = new AbortController();

  it("takes no more keys from a listing than it can send: memory does not grow with the prefix", async () => {
    const deps = await fakeDeps([]);
    const mayGo = Promise.withResolvers<void>();
    class HeldQueue extends MemoryQueue {
      override async send(bodies: readonly string[]): Promise<void> {
        await mayGo.promise;
        await super.send(bodies);
      }
    }
    const queue = new HeldQueue({ name: "backfill" });
    let listed = 0;
    async function* listing(): AsyncGenerator<ObjectInfo> {
      for (; listed < 20_000; listed++) yield object(`key-${listed}`);
    }
    const batches: number[] = [];
    let announced = 0;
    const held = {
      ...deps,
      queue,
      signal,
      onAnnounced: () => void (announced += 1),
      onSettled: () => undefined,
      onBatch: async (batch: readonly ObjectInfo[]) => void batches.push(batch.length),
    };

    const sending = announceObjects(held, listing());
    for (let turns = 0; turns < 5000; turns++) await turn();

    assert.ok(listed > 0 && listed <= 2000, `${listed} keys listed before the first was sent`);
    mayGo.resolve();
    await sending;
    assert.equal(announced, 20_000);
    assert.equal((await queue.depth()).visible, 20_000);
    assert.ok(batches.every((size) => size <= 500));
  });
});

describe("SentBatches", () => {
  it("gives back what was sent, and leaves no file", async () => {
    using dir = tempDir();
    await using sent = await SentBatches.create(dir.path);
    assert.deepEqual(readdirSync(dir.path), []);
    const batches = [[object("a"), object('ü "q"\n\u0000')], [object("__proto__", "")], []];
    for (const batch of batches) await sent.add(batch);
    assert.equal(sent.count, 3);
    assert.deepEqual(await sent.read(1), batches[1]);
    assert.deepEqual(await sent.read(0), batches[0]);
    assert.deepEqual(await sent.read(2), []);
  });
});

function row(key: string, state: SourceState, etag = "e", lastModified = NOW): SourceRow {
  const counts = { bytes: 7, lines: 3, blank: 0, quarantined: 0, dropped: 0, normalised: 0 };
  const common = { bucket: "src", key, etag, lastModified, splitAt: NOW, onOverwrite: "replace" as const };
  return { sourceId: sourceId("src", key, etag), generation: 0, state, ...common, ...counts };
}

describe("watchSent", () => {
  const { signal } = new AbortController();

  async function watch(
    objects: readonly ObjectInfo[],
    looks: readonly (readonly SourceRow[])[],
    once = false,
  ) {
    using dir = tempDir();
    await using sent = await SentBatches.create(dir.path);
    await sent.add(objects);
    const deps = await fakeDeps([]);
    await deps.store.put({ bucket: "src", key: "there" }, Buffer.from("x"));
    let look = 0;
    const findSources = async (): Promise<readonly SourceRow[]> =>
      looks[Math.min(look++, looks.length - 1)] ?? [];
    const adapters = {
      ...deps,
      warehouse: { ...deps.warehouse, findSources },
      backfillQueue: new MemoryQueue({ name: "backfill" }),
      pollMs: 1,
    };
    const sleep = async (): Promise<void> => undefined;
    const totals = new RunTotals({ keepIds: false });
    const shown: number[] = [];
    const counts = await watchSent(
      {
        adapters,
        sent,
        isComplete: () => true,
        once,
        sleep: async () => (shown.push(totals.settled), await sleep()),
        totals,
      },
      signal,
    );
    return { ...counts, states: Object.fromEntries(counts.states), looked: look, shown, totals };
  }

  it("waits until every object is settled", async () => {
    const looks = [[], [row("a", "loading"), row("b", "loaded")], [row("a", "failed")]];
    const counts = await watch([object("a"), object("b")], looks);
    assert.deepEqual(counts.states, { loaded: 1, failed: 1 });
    assert.equal(counts.lines, 6);
    assert.equal(counts.looked, 3);
  });

  it("tells progress of each object when it is settled, not at the end", async () => {
    const looks = [[], [row("b", "loaded")], [row("a", "loaded")]];
    const { shown, totals } = await watch([object("a"), object("b")], looks);
    assert.deepEqual(shown, [0, 1]);
    assert.deepEqual([totals.settled, totals.storedBytes, totals.lines], [2, 14, 6]);
  });

  it("does not take the row of replaced content for content that has come back", async () => {
    const before = row("a", "replaced", "e", new Date(NOW.getTime() - 1000));
    const counts = await watch([object("a")], [[before], [before], [before, row("a", "loaded")]]);
    assert.deepEqual(counts.states, { loaded: 1 });
    assert.equal(counts.looked, 3);
  });

  it("is content with newer content under the same key", async () => {
    const newer = row("a", "loaded", "other", new Date(NOW.getTime() + 1000));
    assert.deepEqual((await watch([object("a")], [[newer]])).states, { loaded: 1 });
  });

  it("gives up what is gone, and tells what is there and not settled, once nothing is in the queues", async () => {
    const counts = await watch([object("there"), object("gone")], [[]]);
    assert.equal(counts.gone, 1);
    assert.equal(counts.waiting, 1);
    assert.deepEqual(
      counts.named.map(({ key }) => key),
      ["there"],
    );
    assert.ok(counts.looked > 10);
    assert.equal((await watch([object("there")], [[]], true)).looked, 1);
  });
});
