import assert from "node:assert/strict";
import fc from "fast-check";
import { LaneSlots } from "../../../services/splitter/lane-slots.ts";
import { PLACES_OF_LARGE } from "../../../services/splitter/source-places.ts";
import type { Lane } from "../../../shared/contracts/words.ts";
import { ManualClock } from "../../../shared/runtime/clock.ts";

const { signal } = new AbortController();
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Works that end when told to, and a record of what runs. */
class Works {
  readonly running: string[] = [];
  readonly #ends = new Map<string, () => void>();
  readonly clock = new ManualClock();
  readonly slots: LaneSlots;

  constructor(capacity: number) {
    this.slots = new LaneSlots(capacity, this.clock);
  }

  /** `age`: of the message when it is received, in milliseconds. */
  begin(
    lane: Lane,
    name: string,
    stop: AbortSignal = signal,
    age: number = 0,
    places: number = PLACES_OF_LARGE,
  ): Promise<void> {
    const sentAt = new Date(this.clock.now().getTime() - age);
    return this.slots.run({ lane, sentAt, places }, stop, async () => {
      this.running.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#ends.set(name, resolve);
      await promise;
      this.running.splice(this.running.indexOf(name), 1);
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)!();
    await turn();
  }
}

describe("LaneSlots", () => {
  it("is a plain limit where there is one lane", async () => {
    for (const lane of ["live", "backfill"] as const) {
      const works = new Works(2);
      for (const name of ["a", "b", "c"]) void works.begin(lane, name);
      await turn();
      assert.deepEqual(works.running, ["a", "b"]);
      await works.end("a");
      assert.deepEqual(works.running, ["b", "c"]);
    }
  });

  it("begins no backfill while live sources fill the capacity", async () => {
    const works = new Works(2);
    void works.begin("live", "l1");
    void works.begin("live", "l2");
    void works.begin("backfill", "b1");
    await turn();
    assert.deepEqual(works.running, ["l1", "l2"]);
    void works.begin("live", "l3");
    await works.end("l1");
    assert.deepEqual(works.running, ["l2", "l3"]);
    await works.end("l2");
    assert.deepEqual(works.running, ["l3", "b1"]);
  });

  it("lets a live source work beside backfills that fill the capacity", async () => {
    const works = new Works(2);
    void works.begin("backfill", "b1");
    void works.begin("backfill", "b2");
    void works.begin("live", "l1");
    void works.begin("live", "l2");
    await turn();
    assert.deepEqual(works.running, ["b1", "b2", "l1"]);
    void works.begin("backfill", "b3");
    await works.end("b1");
    assert.deepEqual(works.running, ["b2", "l1", "l2"]);
    await works.end("b2");
    assert.deepEqual(works.running, ["l1", "l2"]);
    await works.end("l1");
    assert.deepEqual(works.running, ["l2", "b3"]);
  });

  it("begins no backfill between two live sources of a queue that has more, and goes on when it has none", async () => {
    const works = new Works(2);
    const late = 5_000;
    void works.begin("live", "l1", signal, late);
    void works.begin("backfill", "b1");
    void works.begin("backfill", "b2");
    await turn();
    // One more slot is free, and kept for the next live source.
    assert.deepEqual(works.running, ["l1"]);
    await works.end("l1");
    await works.clock.advance(900);
    assert.deepEqual(works.running, []);
    void works.begin("live", "l2", signal, late);
    await turn();
    assert.deepEqual(works.running, ["l2"]);
    await works.end("l2");
    await works.clock.advance(900);
    assert.deepEqual(works.running, []);
    await works.clock.advance(200);
    assert.deepEqual(works.running, ["b1", "b2"]);
    assert.equal(works.clock.sleeping, 0);
  });

  it("keeps no slot free where live sources are received as soon as they are there", async () => {
    const works = new Works(2);
    void works.begin("live", "l1", signal, 100);
    void works.begin("backfill", "b1");
    await turn();
    assert.deepEqual(works.running, ["l1", "b1"]);
    await works.end("l1");
    void works.begin("backfill", "b2");
    await turn();
    assert.deepEqual(works.running, ["b1", "b2"]);
    // Old backfills hold back nobody.
    const others = new Works(1);
    void others.begin("backfill", "b3", signal, 1e9);
    await turn();
    await others.end("b3");
    void others.begin("backfill", "b4", signal, 1e9);
    await turn();
    assert.deepEqual(others.running, ["b4"]);
    assert.equal(works.clock.sleeping + others.clock.sleeping, 0);
  });

  it("lets go of what was stopped while it waited, and of what fails", async () => {
    const slots = new LaneSlots(1, new ManualClock());
    const request = { lane: "live", sentAt: new Date(), places: PLACES_OF_LARGE } as const;
    await assert.rejects(
      slots.run(request, signal, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    assert.equal(slots.messages("live"), 1);
    const works = new Works(1);
    const stop = new AbortController();
    void works.begin("backfill", "b1");
    const waiting = works.begin("backfill", "b2", stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(waiting, /stopped/);
    await assert.rejects(works.begin("live", "l1", stop.signal), /stopped/);
    await works.end("b1");
    assert.deepEqual(works.running, []);
    void works.begin("backfill", "b3");
    await turn();
    assert.deepEqual(works.running, ["b3"]);
  });

  it("has many small sources in work in the place of a large one, and a large one wait for its turn", async () => {
    const works = new Works(1);
    const small = (name: string): void => void works.begin("live", name, signal, 0, 8);
    for (const name of ["s1", "s2", "s3"]) small(name);
    void works.begin("live", "large");
    small("s4");
    await turn();
    assert.deepEqual(works.running, ["s1", "s2", "s3"]);
    for (const name of ["s1", "s2", "s3"]) await works.end(name);
    assert.deepEqual(works.running, ["large"]);
    await works.end("large");
    assert.deepEqual(works.running, ["s4"]);
  });

  it("asks for more messages step by step while small sources come, and for no more as soon as one waits", async () => {
    const works = new Works(2);
    const { slots } = works;
    assert.equal(slots.messages("live"), 2);
    const asked: number[] = [];
    for (let has = 0, room = 2; room > 0; room = slots.messages("live") - has) {
      for (const last = has + room; has < last; has++) void works.begin("live", `s${has}`, signal, 0, 1);
      await turn();
      asked.push(has);
    }
    assert.deepEqual(asked, [2, 9, 64]);
    assert.equal(works.running.length, 64);

    void works.begin("live", "large");
    await works.end("s0");
    assert.equal(slots.messages("live"), 64);
    for (let i = 1; i < 64; i++) await works.end(`s${i}`);
    assert.deepEqual(works.running, ["large"]);
    // The next one may be as large.
    assert.equal(slots.messages("live"), 2);
    assert.equal(slots.messages("backfill"), 2);
  });

  it("keeps to its limits, starves no live source and forgets nothing, in any order", async () => {
    const step = fc.oneof(
      fc.constant("live" as const),
      fc.constant("late" as const),
      fc.constant("backfill" as const),
      fc.constant("small" as const),
      fc.nat(10).map((n) => ({ end: n })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 40 }),
        async (capacity, steps) => {
          const works = new Works(capacity);
          const all: Promise<void>[] = [];
          let liveBegun = 0;
          for (const one of steps) {
            if (typeof one === "string") {
              const lane = one === "backfill" ? one : "live";
              if (lane === "live") liveBegun += 1;
              const places = one === "small" ? 1 : PLACES_OF_LARGE;
              const name = `${lane}${one === "small" ? "-small" : ""}${all.length}`;
              all.push(works.begin(lane, name, signal, one === "late" ? 1e6 : 0, places));
              await turn();
            } else if (works.running.length > 0) {
              const name = works.running[one.end % works.running.length]!;
              if (name.startsWith("live")) liveBegun -= 1;
              await works.end(name);
            }
            const live = works.running.filter((name) => name.startsWith("live")).length;
            const small = works.running.filter((name) => name.includes("small")).length;
            const places = (works.running.length - small) * PLACES_OF_LARGE + small;
            assert.ok(places <= (capacity + 1) * PLACES_OF_LARGE);
            assert.ok(works.running.length - live <= capacity);
            assert.ok(live >= Math.min(liveBegun, 1), "a live source stands behind backfills only");
          }
          while (works.running.length + works.clock.sleeping > 0) {
            await works.clock.advance(1000);
            if (works.running.length > 0) await works.end(works.running[0]!);
          }
          await Promise.all(all);
        },
      ),
    );
  });
});
