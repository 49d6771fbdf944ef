import assert from "node:assert/strict";
import { ManualClock, systemClock } from "../../../shared/runtime/clock.ts";
import { startGrace } from "../../../shared/runtime/grace.ts";

describe("ManualClock", () => {
  it("wakes sleepers in the order of their times, each at its own time", async () => {
    const clock = new ManualClock(new Date(0));
    const woken: [string, number][] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push([name, clock.now().getTime()]);
    };
    void sleeper("c", 300);
    void sleeper("a", 100);
    void sleeper("b", 300);
    void sleeper("never", 301);

    await clock.advance(300);

    assert.deepEqual(woken, [
      ["a", 100],
      ["c", 300],
      ["b", 300],
    ]);
    assert.equal(clock.sleeping, 1);
  });

  it("lets a loop that sleeps again and again run as often as in real time", async () => {
    const clock = new ManualClock(new Date(0));
    const beats: number[] = [];
    void (async () => {
      for (;;) {
        await clock.sleep(10);
        beats.push(clock.now().getTime());
      }
    })();

    await clock.advance(35);

    assert.deepEqual(beats, [10, 20, 30]);
    assert.equal(clock.now().getTime(), 35);
  });
});

for (const [name, clock] of [
  ["ManualClock", new ManualClock()],
  ["systemClock", systemClock],
] as const) {
  describe(`${name} and signals`, () => {
    it("rejects with the signal's reason, before and during a sleep", async () => {
      const reason = new Error("enough");
      const abort = new AbortController();
      const sleeping = clock.sleep(60_000, abort.signal);
      abort.abort(reason);

      await assert.rejects(sleeping, reason);
      await assert.rejects(clock.sleep(0, abort.signal), reason);
    });
  });
}

describe("startGrace", () => {
  it("fires when the grace is over, and not when the work was done before", async () => {
    for (const done of [false, true]) {
      const clock = new ManualClock();
      const stop = new AbortController();
      const grace = startGrace({ stop: stop.signal, graceSeconds: 25, clock });
      await clock.advance(100_000);
      assert.equal(grace.abort.aborted, false, "no grace runs before the stop");
      stop.abort();
      await clock.advance(24_999);
      assert.equal(grace.abort.aborted, false);
      if (done) grace[Symbol.dispose]();

      await clock.advance(1);

      assert.equal(grace.abort.aborted, !done);
      assert.equal(clock.sleeping, 0);
    }
  });

  it("fires at once when forced, and when all has happened already", async () => {
    const force = new AbortController();
    const clock = new ManualClock();
    using grace = startGrace({ stop: AbortSignal.abort(), force: force.signal, graceSeconds: 25, clock });
    force.abort();
    assert.equal(grace.abort.aborted, true);
    using late = startGrace({ stop: force.signal, force: force.signal, graceSeconds: 25, clock });
    assert.equal(late.abort.aborted, true);
  });
});
