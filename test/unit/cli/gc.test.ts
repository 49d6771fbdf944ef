// What is removed of loads and attempts, by age.
import assert from "node:assert/strict";
import { gcReport } from "../../../cli/reports/gc.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { LoadObjects } from "../../../shared/warehouse/redshift/load-objects.ts";
import { partKey, receiptKey } from "../../../shared/contracts/keys.ts";
import { fakeDeps, receiptOf } from "./fake-deps.ts";

const HOUR = 3_600_000;
const NOW = new Date("2026-01-10T00:00:00Z");

async function bench() {
  let at = NOW.getTime();
  const store = new MemoryObjectStore({ clock: { ...systemClock, now: () => new Date(at) } });
  return {
    deps: { ...(await fakeDeps([])), store, now: NOW },
    /** Runs `put` so many hours ago. */
    ago: async (hours: number, put: () => Promise<unknown>): Promise<void> => {
      at = NOW.getTime() - hours * HOUR;
      await put();
    },
    load: (batch: string) => new LoadObjects(store, "routed", batch),
    keys: async () => {
      return (await Array.fromAsync(store.list("routed", ""))).map(({ key }) => key);
    },
  };
}

describe("gc", () => {
  it("removes what loads have left behind a day ago, under the names that the loader gives", async () => {
    const { deps, ago, load, keys } = await bench();
    const [left, running] = [load("batch/1 'x'"), load("batch-2")];
    await ago(25, () => left.putLines("units.ndjson", [{ a: 1 }]));
    await ago(25, () => left.putManifest("0.manifest", "routed", []));
    await ago(23, () => running.putLines("units.ndjson", [{ a: 1 }]));

    const dry = await gcReport(deps, true);
    const wet = await gcReport(deps, false);

    assert.deepEqual([dry.examined, dry.removed, dry.kept_young], [3, 2, 1]);
    assert.deepEqual({ ...wet, dry_run: true }, dry);
    assert.deepEqual(await keys(), [`loads/batch-2/${running.attempt}/units.ndjson`]);
  });

  it("keeps all of a load that has written something within the day", async () => {
    const { deps, ago, load, keys } = await bench();
    const [slow, other] = [load("batch"), load("batch")];
    await ago(30, () => slow.putLines("checked.ndjson", [{ a: 1 }]));
    await ago(30, () => other.putLines("checked.ndjson", [{ a: 1 }]));
    await ago(1, () => slow.putLines("units.ndjson", [{ a: 1 }]));

    const report = await gcReport(deps, false);

    assert.deepEqual([report.removed, report.kept_young], [1, 2]);
    assert.ok((await keys()).every((key) => key.includes(slow.attempt)));
  });

  it("removes what no receipt names of an attempt, whatever its part keys are like, and nothing that one names", async () => {
    const { deps, ago, keys } = await bench();
    const receipt = receiptOf("/logs/a", { order: 3 });
    const { id } = receipt.source;
    const lost = "fedcba9876543210";
    const named = receipt.parts.map(({ key }) => key);
    const kept = [...named, receiptKey(id, 0)];
    const left = [
      partKey(id, lost, 0, ".zst"),
      partKey("f".repeat(32), lost, 0, ".zst"),
      // With folders for source and attempt.
      `parts/${id}/${lost}/000000.ndjson.zst`,
    ];
    const put = (key: string, text = "x") =>
      deps.store.put({ bucket: "routed", key }, Buffer.from(text)).then(() => undefined);
    for (const key of [...named, ...left]) await ago(25, () => put(key));
    await ago(25, () => put(receiptKey(id, 0), JSON.stringify(receipt)));

    const report = await gcReport(deps, false);

    assert.deepEqual([report.examined, report.removed], [4, 3]);
    assert.deepEqual(await keys(), kept.toSorted());
  });

  it("leaves what is not the loader's, and parts that are young", async () => {
    const { deps, ago, keys } = await bench();
    const source = "0".repeat(32);
    const names = [
      "loads/mine.txt",
      "loads/batch/notes/x",
      `parts/${source}/0123456789abcdef/000000.ndjson.zst`,
    ];
    for (const [at, key] of names.entries())
      await ago(at === 2 ? 1 : 100, () => deps.store.put({ bucket: "routed", key }, Buffer.from("x")));

    const report = await gcReport(deps, false);

    assert.deepEqual([report.removed, report.kept_young], [0, 1]);
    assert.deepEqual(await keys(), names.toSorted());
  });
});
