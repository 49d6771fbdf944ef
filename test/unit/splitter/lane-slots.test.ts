import assert from "node:assert/strict";
import fc from "fast-check";
import { LaneSlots } from "../../../services/splitter/lane-slots.ts";
import type { Lane } from "../../../shared/contracts/words.ts";

const { signal } = new AbortController();
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Works that end when told to, and a record of what runs. */
class Works {
  readonly running: string[] = [];
  readonly #ends = new Map<string, () => void>();
  readonly #slots: LaneSlots;

  constructor(capacity: number) {
    this.#slots = new LaneSlots(capacity);
  }

  begin(lane: Lane, name: string, stop: AbortSignal = signal): Promise<void> {
    return this.#slots.run(lane, stop, async () => {
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

  it("lets go of what was stopped while it waited, and of what fails", async () => {
    const slots = new LaneSlots(1);
    await assert.rejects(
      slots.run("live", signal, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
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

  it("keeps to its limits, starves no live source and forgets nothing, in any order", async () => {
    const step = fc.oneof(
      fc.constant("live" as const),
      fc.constant("backfill" as const),
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
              if (one === "live") liveBegun += 1;
              all.push(works.begin(one, `${one}${all.length}`));
              await turn();
            } else if (works.running.length > 0) {
              const name = works.running[one.end % works.running.length]!;
              if (name.startsWith("live")) liveBegun -= 1;
              await works.end(name);
            }
            const live = works.running.filter((name) => name.startsWith("live")).length;
            assert.ok(works.running.length <= capacity + 1);
            assert.ok(works.running.length - live <= capacity);
            assert.ok(live >= Math.min(liveBegun, 1), "a live source stands behind backfills only");
          }
          while (works.running.length > 0) await works.end(works.running[0]!);
          await Promise.all(all);
        },
      ),
    );
  });
});
