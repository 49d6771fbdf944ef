// SIGTERM to a splitter with sources in work and more in the queue: what is in work is completed within the grace, or given back; what was
// not begun is not touched.
import assert from "node:assert/strict";
import { partPrefix } from "../../../../shared/contracts/keys.ts";
import type { FaultLab, LabSource } from "../fault-lab.ts";
import { eventLines, process, putter, rowCounts, terminate, until } from "./common.ts";

const WAITING = 6;
const LINES = 2_000;
const UNHURRIED = { LOG_ROUTER_AWS_SILENCE_SECONDS: "600" };

/** A megabyte and more, so that it takes a slot for itself: in its place there could be many small ones. */
function bigText(): string {
  const pad = "x".repeat(600);
  return Array.from({ length: LINES }, (_, n) => JSON.stringify({ event: "big", n, pad })).join("\n");
}

/** Holds up a part of a source until the promise ends; the source is in the middle of its work then. */
function holdPart(lab: FaultLab, { id }: LabSource, until: Promise<void>): () => boolean {
  const armed = lab.s3.arm({
    effect: { kind: "delay", ms: 0 },
    match: ({ method, url }) => method === "PUT" && url.includes(`/${partPrefix(id)}`),
    meanwhile: () => until,
  });
  return () => armed.hits === 1;
}

async function putWaiting(lab: FaultLab): Promise<LabSource[]> {
  const put = putter(lab);
  const waiting: LabSource[] = [];
  for (let n = 0; n < WAITING; n++) waiting.push(await put(eventLines("small")));
  const { url } = lab.rig.queues.split;
  await until("them to wait in the queue", async () => (await lab.visible(url)) === WAITING);
  return waiting;
}

async function othersGoOn(
  lab: FaultLab,
  big: readonly LabSource[],
  waiting: readonly LabSource[],
): Promise<void> {
  lab.start("splitter");
  lab.start("loader");
  for (const source of [...big, ...waiting]) await lab.loaded(source);
  for (const source of big) assert.deepEqual(await rowCounts(lab, source), { big: LINES });
  for (const source of waiting) assert.deepEqual(await rowCounts(lab, source), { small: 3 });
  const { url } = lab.rig.queues.split;
  for (const { key } of waiting) assert.equal(lab.deliveries.of(url, key).length, 1);
}

export async function splitterFinishes(lab: FaultLab): Promise<void> {
  const { url } = lab.rig.queues.split;
  const big = lab.source("raw/big.ndjson", bigText());
  const mayGoOn = Promise.withResolvers<void>();
  const isHeld = holdPart(lab, big, mayGoOn.promise);
  const splitter = process(lab, "splitter", {
    ...UNHURRIED,
    LOG_ROUTER_SHUTDOWN_GRACE_SECONDS: "60",
    LOG_ROUTER_SPLITTER_CONCURRENT_SOURCES: "1",
  });
  await lab.put(big);
  await until("the splitter in the middle of a source", isHeld);
  const waiting = await putWaiting(lab);

  const { end, seconds } = await terminate(splitter, async () => mayGoOn.resolve());

  assert.equal(end, 0, splitter.log);
  assert.ok(seconds < 60, `${seconds} s`);
  assert.match(splitter.log, /"event":"object_split"/);
  // The others were never taken.
  assert.equal(await lab.visible(url), WAITING);
  assert.equal(await lab.depth(url), WAITING);
  await othersGoOn(lab, [big], waiting);
  assert.equal(lab.deliveries.of(url, big.key).length, 1);
}

export async function splitterIsCutOff(lab: FaultLab): Promise<void> {
  const { url } = lab.rig.queues.split;
  const big = ["raw/big-1.ndjson", "raw/big-2.ndjson"].map((key) => lab.source(key, bigText()));
  const { promise: never, resolve: letGo } = Promise.withResolvers<void>();
  const isHeld = big.map((source) => holdPart(lab, source, never));
  const grace = 2;
  const splitter = process(lab, "splitter", {
    ...UNHURRIED,
    LOG_ROUTER_SHUTDOWN_GRACE_SECONDS: String(grace),
    LOG_ROUTER_SPLITTER_CONCURRENT_SOURCES: "2",
  });
  for (const source of big) await lab.put(source);
  await until("both in the middle of a source", () => isHeld.every((held) => held()));
  const waiting = await putWaiting(lab);

  const { end, seconds } = await terminate(splitter);

  assert.equal(end, 0, splitter.log);
  assert.ok(seconds >= grace && seconds < grace + 15, `${seconds} s`);
  // Given back at once, not when their visibility ends.
  assert.equal(await lab.visible(url), WAITING + big.length);
  letGo();
  lab.s3.clear();
  await othersGoOn(lab, big, waiting);
  for (const { key } of big) assert.equal(lab.deliveries.of(url, key).length, 2);
}
