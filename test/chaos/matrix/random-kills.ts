// Two splitters and two loaders at once, each killed again and again at a random one of its requests: before the server heard of it, or
// after it acted. Files and kills follow from the seed; who gets which message does not.
import { gzipSync } from "node:zlib";
import { setTimeout as sleep } from "node:timers/promises";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { Prng } from "../../../scripts/sample/prng.ts";
import { documentsByHand, endState, listDifferences } from "./end-state.ts";
import type { WorkerName } from "./kill-point.ts";
import { KillSwitch } from "./kill-switch.ts";
import type { SourceFile } from "./scenes.ts";
import { Stage } from "./stage.ts";
import type { WireEvent } from "./wire.ts";

export interface RandomKillsOptions {
  readonly emulator: EmulatorName;
  readonly seed: number;
  /** How long workers are killed. */
  readonly seconds: number;
  /** Told of each kill. */
  readonly onKill?: (text: string) => void;
}

export interface RandomKillsResult {
  readonly kills: number;
  readonly sources: number;
  readonly documents: number;
  /** What is not as it should be at the end. */
  readonly problems: readonly string[];
}

const WORKERS: readonly WorkerName[] = ["splitter", "splitter", "loader", "loader"];
/** Requests of a worker's life: a splitter sends some six a source, a loader some fifty a batch. */
const LONGEST_LIFE: Readonly<Record<WorkerName, number>> = { splitter: 20, loader: 100 };
/** Nobody is to be given up: a message may meet many a worker's end. */
const MAX_RECEIVES = 1000;
const PAUSE_MS = 700;

export async function runRandomKills(options: RandomKillsOptions): Promise<RandomKillsResult> {
  const { emulator, seed, seconds, onKill = () => undefined } = options;
  await using stage = await Stage.open({ emulator, config: "", maxReceives: MAX_RECEIVES });
  const end = performance.now() + seconds * 1000;
  const isOver = (): boolean => performance.now() > end;
  const slots = WORKERS.map((worker, at) =>
    keepKilling(stage, worker, new Prng(seed, at + 1), isOver, (text) => onKill(`${worker} ${at}: ${text}`)),
  );
  const files = await putFiles(stage, new Prng(seed), isOver);
  const kills = (await Promise.all(slots)).reduce((sum, count) => sum + count, 0);
  const notLoaded = Object.fromEntries(files.map(({ key, lines }) => [key, badLines(lines ?? [])]));
  const problems: string[] = [];
  try {
    await stage.settled(new Set(files.map(({ key }) => key)));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  problems.push(...(await stage.stop()));
  const found = await endState(stage);
  const expected = documentsByHand(files, notLoaded);
  problems.push(...found.auditProblems, ...found.leftovers);
  problems.push(...listDifferences("documents", found.documents, expected));
  return { kills, sources: files.length, documents: found.documents.length, problems };
}

/** One worker after another in one place, until it is over; the last one lives. */
async function keepKilling(
  stage: Stage,
  worker: WorkerName,
  random: Prng,
  isOver: () => boolean,
  onKill: (text: string) => void,
): Promise<number> {
  for (let kills = 0; ; kills++) {
    let left = random.integer(1, LONGEST_LIFE[worker]);
    const isBefore = random.chance(0.5);
    let last = "";
    const isDeadly = (event: Pick<WireEvent, "operation" | "key" | "run" | "bodies">): boolean => {
      if (event.operation === "ReceiveMessage" && event.bodies.length === 0) return false;
      last = `${event.operation} ${event.key}${event.run}`;
      return --left === 0;
    };
    const killSwitch = await KillSwitch.open(stage.upstreams, {
      isDeadly,
      isBefore,
      kill: () => stage.kill(victim),
    });
    const victim = stage.start(worker, killSwitch.upstreams);
    const hasFired = await Promise.race([killSwitch.fired.then(() => true), over(isOver)]);
    if (!hasFired) {
      killSwitch.disarm();
      stage.defer(killSwitch);
      return kills;
    }
    await killSwitch[Symbol.asyncDispose]();
    onKill(`${isBefore ? "before" : "after"} ${last}`);
  }
}

async function over(isOver: () => boolean): Promise<false> {
  while (!isOver()) await sleep(100);
  return false;
}

/** Puts files for as long as there is killing; some are written again. */
async function putFiles(stage: Stage, random: Prng, isOver: () => boolean): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (let n = 0; n < 3 || !isOver(); n++) {
    const key = n > 3 && random.chance(0.2) ? random.pick(files).key : `raw/${n}.ndjson.gz`;
    const lines = Array.from({ length: random.integer(1, 60) }, (_, line) => anyLine(random, n, line));
    const file = { key, lines, body: gzipSync(`${lines.join("\n")}\n`) };
    await stage.put(file);
    files.push(file);
    await sleep(random.integer(0, PAUSE_MS));
  }
  return files;
}

const BAD_LINE = "{broken";
const TYPES = ["order", "Order", "page_view", "refund"];

function anyLine(random: Prng, file: number, line: number): string {
  if (random.chance(0.03)) return BAD_LINE;
  const value = random.pick([
    line,
    `"${random.hex(random.integer(1, 300))}"`,
    "true",
    `${line}.25`,
    `{"x":${line}}`,
  ]);
  return `{"event":"${random.pick(TYPES)}","file":${file},"line":${line},"v":${value},"f${file % 5}":"${random.hex(4)}"}`;
}

function badLines(lines: readonly string[]): number[] {
  return lines.flatMap((line, at) => (line === BAD_LINE ? [at + 1] : []));
}
