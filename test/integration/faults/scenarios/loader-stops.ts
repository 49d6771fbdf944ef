// SIGTERM to a loader with a batch under way, receipts in hand behind it, and more in the queue: what is in hand is loaded within the
// grace, or given back; what was not received stays where it is.
import assert from "node:assert/strict";
import type { FaultLab, LabSource } from "../fault-lab.ts";
import { eventLines, process, putter, rowCounts, terminate, type Stopped, until } from "./common.ts";

const SETTINGS = { LOG_ROUTER_LOADER_CONCURRENT_LOADS: "1" };

interface Scene {
  /** In the transaction under way. */
  readonly loading: LabSource;
  /** In hand, behind it. */
  readonly behind: readonly LabSource[];
  readonly stopped: Stopped;
  readonly log: string;
}

/** Stops a loader whose transaction takes `loadSeconds`, and whose grace is `grace`. */
async function stopMidBatch(lab: FaultLab, grace: number, loadSeconds: number): Promise<Scene> {
  const { url } = lab.rig.queues.load;
  const put = putter(lab);
  lab.start("splitter");
  const loader = process(lab, "loader", { ...SETTINGS, LOG_ROUTER_SHUTDOWN_GRACE_SECONDS: String(grace) });
  await lab.loaded(await put(eventLines("a", "b")));
  const { faults } = lab.rig.standIn;
  faults.arm({ effect: "slow-picked", match: "COPY lr_units", seconds: loadSeconds });
  const loading = await put(eventLines("a", "b"));
  await until("a load under way", () => faults.hits === 1);
  const behind = [await put(eventLines("a")), await put(eventLines("b"))];
  const isReceived = ({ id }: LabSource): boolean => lab.deliveries.of(url, id).length === 1;
  await until("more in hand", () => behind.every(isReceived));
  assert.equal(await lab.state(loading.id), "loading");

  const stopped = await terminate(loader);

  return { loading, behind, stopped, log: loader.log };
}

async function everyRowIsThere(lab: FaultLab, { loading, behind }: Scene): Promise<void> {
  assert.deepEqual(await rowCounts(lab, loading), { a: 3, b: 3 });
  assert.deepEqual(await rowCounts(lab, behind[0]!), { a: 3 });
  assert.deepEqual(await rowCounts(lab, behind[1]!), { b: 3 });
}

export async function loaderFinishes(lab: FaultLab): Promise<void> {
  const { url } = lab.rig.queues.load;
  const grace = 60;
  const scene = await stopMidBatch(lab, grace, 4);
  const { loading, behind, stopped, log } = scene;

  assert.equal(stopped.end, 0, log);
  assert.ok(stopped.seconds < grace, `${stopped.seconds} s`);
  // Nothing in hand is left to anybody else.
  for (const { id } of [loading, ...behind]) assert.equal(await lab.state(id), "loaded");
  assert.equal(await lab.depth(url), 0);
  const late = lab.source("raw/late.ndjson", eventLines("a"));
  await lab.put(late);
  await until("what nobody receives", async () => (await lab.visible(url)) === 1);
  lab.start("loader");
  await lab.loaded(late);
  await everyRowIsThere(lab, scene);
  for (const { id } of [loading, ...behind, late]) assert.equal(lab.deliveries.of(url, id).length, 1);
}

export async function loaderIsCutOff(lab: FaultLab): Promise<void> {
  const { url } = lab.rig.queues.load;
  const grace = 2;
  const scene = await stopMidBatch(lab, grace, 600);
  const { loading, behind, stopped, log } = scene;

  assert.equal(stopped.end, 0, log);
  assert.ok(stopped.seconds >= grace && stopped.seconds < grace + 15, `${stopped.seconds} s`);
  // Given back at once, not when their visibility ends.
  assert.equal(await lab.visible(url), 1 + behind.length);
  lab.start("loader");
  for (const source of [loading, ...behind]) await lab.loaded(source);
  await everyRowIsThere(lab, scene);
  for (const { id } of [loading, ...behind]) assert.equal(lab.deliveries.of(url, id).length, 2);
}
