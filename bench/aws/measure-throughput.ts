// One pass of many objects through the splitter, then through the loader, each stage by itself, and whose processor time it took.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pLimit from "p-limit";
import { writeSample } from "../../scripts/sample/write-sample.ts";
import { loadedSources, until, type LocalAws, type Worker } from "./local-aws.ts";
import type { Stage, Throughput } from "./result.ts";
import { busySeconds, cpuSeconds, used } from "./process-cpu.ts";

export interface ThroughputOptions {
  readonly objects: number;
  /** Of all objects together, uncompressed. */
  readonly bytes: number;
  readonly types: number;
  readonly compression: "plain" | "gzip";
  /** What `LocalAws` was started with, in milliseconds. */
  readonly delay: number;
}

/** Everything waits already: the default batch age of 10 s would only be a pause. */
const LOADING = { LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "1" };

/** Puts under way at the same time, before any stage begins. */
const PUTS = 4;

/** On a stack that nothing has been routed on. `folder`: for the sample. */
export async function measureThroughput(
  aws: LocalAws,
  options: ThroughputOptions,
  folder: string,
): Promise<Throughput> {
  const { objects, bytes, types, compression, delay } = options;
  const sample = await writeSample({
    out: join(folder, "sample"),
    bytes,
    types,
    seed: 1,
    files: objects,
    compression,
  });
  const { splitQueue, loadQueue } = aws.state.resources;
  const stored = await putAll(aws, sample.files);
  // Objects are told of one by one: the stage begins when all of them wait, with nothing else to do for the emulator.
  await until("notifications", NOBODY, async () => (await aws.depth(splitQueue)) >= objects);

  const megabytes = sample.bytes / 1e6;
  const stage = async (service: "splitter" | "loader", isDone: () => Promise<boolean>): Promise<Stage> => {
    const before = { cpu: cpuSeconds(aws.owners), busy: busySeconds(), at: performance.now() };
    const worker = aws.start(service, LOADING);
    await until(`the ${service}`, worker, isDone);
    const wall = (performance.now() - before.at) / 1000;
    const cpu = used(before.cpu, cpuSeconds([...aws.owners, worker.owner]));
    const ours = [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
    cpu.set("others", Math.max(0, busySeconds() - before.busy - ours));
    await worker.stop();
    return {
      wall_seconds: wall,
      objects_per_second: objects / wall,
      megabytes_per_second: megabytes / wall,
      cpu_seconds: Object.fromEntries(cpu),
    };
  };
  const split = await stage("splitter", async () => (await aws.depth(loadQueue)) >= objects);
  const load = await stage("loader", async () => (await loadedSources(aws)) >= objects);
  return {
    emulator: aws.state.emulator.name,
    objects,
    megabytes,
    stored_megabytes: stored / 1e6,
    lines: sample.lines,
    types,
    compression,
    delay_ms: delay,
    split,
    load,
  };
}

const NOBODY: Pick<Worker, "check"> = { check: () => undefined };

/** Gives the bytes put. */
async function putAll({ store, state }: LocalAws, files: readonly string[]): Promise<number> {
  const limit = pLimit(PUTS);
  let stored = 0;
  await Promise.all(
    files.map((file, at) =>
      limit(async () => {
        const body = await readFile(file);
        stored += body.byteLength;
        const name = file.slice(file.indexOf(".", file.lastIndexOf("/")));
        await store.put({ bucket: state.resources.sourceBucket, key: `raw/${at}${name}` }, body);
      }),
    ),
  );
  return stored;
}
