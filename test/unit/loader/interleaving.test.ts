// Two loaders on one warehouse, every call of which is delayed, lost before or lost after at random; sources that replace each other in any
// order, delivered more than once; loaders that are stopped in the middle. Whatever happens: every line that is to be there is there, once.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Loader } from "../../../services/loader/create-loader.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Warehouse } from "../../../shared/ports/warehouse.ts";
import { harness, linesOf, numbered, stateOf, storedLines, type Harness, type PutSource } from "./harness.ts";

interface Version {
  readonly key: number;
  readonly content: string;
  readonly generation: number;
  readonly returned: boolean;
  readonly at: number;
  readonly types: readonly number[];
}

interface Scenario {
  readonly versions: readonly Version[];
  /** Indexes of versions, in the order of announcing; every one at least once. */
  readonly deliveries: readonly number[];
  /** Seconds between deliveries. */
  readonly gaps: readonly number[];
  readonly seed: number;
  readonly faults: number;
  /** After so many calls the first loader is stopped and another one started. */
  readonly stopAfter: number;
}

const types = fc.uniqueArray(fc.nat(3), { minLength: 0, maxLength: 3 });

/** The life of one key: contents one after the other, of which the last may be the first again. */
const lives = fc
  .tuple(fc.array(types, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([contents, returns]) => ({
    contents,
    returns: returns && contents.length > 1,
  }));

const scenarios: fc.Arbitrary<Scenario> = fc
  .array(lives, { minLength: 1, maxLength: 3 })
  .map((keys) =>
    keys.flatMap(({ contents, returns }, key): Version[] => {
      const versions = contents.map((types, at) => ({
        key,
        content: `c${at}`,
        generation: 0,
        returned: false,
        at,
        types,
      }));
      if (!returns) return versions;
      return [...versions, { ...versions[0]!, generation: 1, returned: true, at: contents.length }];
    }),
  )
  .chain((versions) =>
    fc.record({
      versions: fc.constant(versions),
      deliveries: fc
        .tuple(
          fc.shuffledSubarray([...versions.keys()], { minLength: versions.length }),
          fc.array(fc.nat(versions.length - 1), { maxLength: 3 }),
        )
        .map(([all, again]) => [...all, ...again]),
      gaps: fc.array(fc.constantFrom(0, 0, 1, 7, 40), {
        minLength: versions.length + 3,
        maxLength: versions.length + 3,
      }),
      seed: fc.nat(1_000_000),
      faults: fc.nat(12),
      stopAfter: fc.nat(60),
    }),
  );

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Troubled {
  readonly warehouse: Warehouse;
  calls: number;
}

/** Every call is delayed before and after, and while faults are left one in five is lost. */
function troubled(h: Harness, random: () => number, faults: { left: number }): Troubled {
  const pause = async (): Promise<void> => {
    if (random() < 0.5) await h.clock.sleep(Math.floor(random() * 3_000));
  };
  const fail = (): void => {
    if (faults.left <= 0 || random() > 0.2) return;
    faults.left--;
    const code = random() < 0.3 ? "WAREHOUSE_UNAVAILABLE" : "WAREHOUSE_FAILED";
    throw new RouterError(code, "lost", { retryable: true });
  };
  const result: Troubled = { calls: 0, warehouse: h.counted };
  const warehouse = new Proxy(h.counted, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function" || property === "prepare") return value;
      return async (...args: unknown[]): Promise<unknown> => {
        result.calls++;
        await pause();
        fail();
        const answer: unknown = await Reflect.apply(value, target, args);
        await pause();
        fail();
        return answer;
      };
    },
  });
  return Object.assign(result, { warehouse });
}

async function play(scenario: Scenario): Promise<void> {
  const h = harness({
    loader: { batch_age_seconds: 5, hold_seconds: 60, retry_seconds: 10, max_receives: 20 },
  });
  const random = randomOf(scenario.seed);
  const faults = { left: scenario.faults };
  const first = troubled(h, random, faults);
  const second = troubled(h, random, faults);
  const sources = await Promise.all(
    scenario.versions.map(({ key, types, ...version }) =>
      h.put({
        ...version,
        key: `/k${key}`,
        types: Object.fromEntries(types.map((type) => [`t${type}`, numbered(type + 1)])),
      }),
    ),
  );
  await using a = h.loader({ warehouse: first.warehouse });
  await using b = h.loader({ warehouse: second.warehouse });
  await Promise.all([a.start(), b.start()]);
  for (const [at, index] of scenario.deliveries.entries()) {
    await h.announce(sources[index]!);
    await h.advance(scenario.gaps[at]! * 1_000);
  }
  let calls = 0;
  await h.until("the stop", () => first.calls >= scenario.stopAfter || calls++ > 50);
  const stopped = a.abort();
  await h.until("the end of the first", () => a.status.state === "stopped", 600);
  await stopped;
  await using c = h.loader({ warehouse: troubled(h, random, faults).warehouse });
  await c.start();
  await done(h, [b, c]);
  assertRight(h, scenario, sources);
}

async function done(h: Harness, loaders: readonly Loader[]): Promise<void> {
  await h.until("everything to be settled", async () => {
    const { visible, inFlight, delayed } = await h.queue.depth();
    const inHand = loaders.reduce((sum, { status }) => sum + status.receipts + status.loads, 0);
    return visible + inFlight + delayed + inHand + (await h.warehouse.pending({ limit: 1 })).length === 0;
  });
  assert.equal((await h.queue.depth()).dead, 0);
}

function assertRight(h: Harness, { versions }: Scenario, sources: readonly PutSource[]): void {
  const newest = new Map<number, PutSource>();
  for (const [index, { key }] of versions.entries()) newest.set(key, sources[index]!);
  const expected = [...newest.values()].flatMap(linesOf).sort();
  assert.deepEqual(storedLines(h.warehouse), expected);
  for (const [index, { key }] of versions.entries()) {
    const isNewest = newest.get(key) === sources[index];
    const state = stateOf(h.warehouse, sources[index]!);
    const isReloaded = versions.some((other) => other.returned && other.key === key);
    // Content that came back is loaded as its first generation when nothing had replaced that, as its second otherwise.
    const allowed = !isReloaded ? (isNewest ? ["loaded"] : ["replaced"]) : ["loaded", "replaced", "ignored"];
    assert.ok(allowed.includes(state ?? "missing"), `${key} ${versions[index]!.content} is ${state}`);
  }
  const rows = [...h.warehouse.ledger.loads.values()].filter(({ replacedBy }) => replacedBy === undefined);
  assert.equal(
    rows.reduce((sum, row) => sum + row.rows, 0),
    expected.length,
  );
}

describe("two loaders, interleaved at random, with calls lost before and after", () => {
  it("load every line once, whatever replaces what, in any order", async function () {
    this.timeout(120_000);
    const numRuns = Number(process.env["FC_RUNS"] ?? 40);
    await fc.assert(fc.asyncProperty(scenarios, play), { numRuns });
  });
});
