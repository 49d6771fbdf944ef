// kill -9 at random moments, then finish: the audit balances, and every document is there once, as in the undisturbed run.
// LOG_ROUTER_CHAOS_SEED repeats a run; LOG_ROUTER_CHAOS_KILLS sets how often each is killed (default 20 in all).
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Prng } from "../../scripts/sample/prng.ts";
import { mustRun, startProduct } from "../helpers/product.ts";
import { tempDir, type TempDir } from "../helpers/temp-dir.ts";
import { BUSY_SETTINGS, finishAndCompare, makeLogs, rowsOf, type Truth } from "./pipeline-under-kill.ts";

const seed = Number(process.env["LOG_ROUTER_CHAOS_SEED"] ?? Date.now() % 1_000_000);
const kills = Number(process.env["LOG_ROUTER_CHAOS_KILLS"] ?? 20);

/** Kills within one data folder before it is finished and compared. */
const KILLS_PER_ROUND = 5;
/** Half of the kills are of `run`, a quarter each of `splitter` and `loader`, which die side by side. */
const RUN_ROUNDS = Math.ceil(kills / 2 / KILLS_PER_ROUND);
const WORKER_ROUNDS = Math.ceil(kills / 4 / KILLS_PER_ROUND);

describe(`kill -9 at random moments (LOG_ROUTER_CHAOS_SEED=${seed})`, function () {
  this.timeout(60_000 + kills * 20_000);
  const random = new Prng(seed);
  let dir: TempDir;
  let truth: Truth;
  /** How long an undisturbed run takes: the moments are drawn from it. */
  let runMs: number;

  before(async () => {
    dir = tempDir();
    await makeLogs(`${dir.path}/logs`, seed);
    const started = performance.now();
    await mustRun(["run", "logs", "--once", "--data", "undisturbed", ...BUSY_SETTINGS], dir.path);
    runMs = performance.now() - started;
    truth = await rowsOf(dir.path, "undisturbed");
    assert.ok(truth.length > 4000);
  });

  after(() => dir[Symbol.dispose]());

  /** A moment in the life of a process that lasts as long as a run does; starting up takes the first tenth or so. */
  const moment = (until: number): number => runMs * (0.1 + (until - 0.1) * random.unit());

  /** Starts the processes and kills each after a random time; says how many of them were not done by then. */
  async function disturb(commands: readonly (readonly string[])[], until: number): Promise<number> {
    const ends = commands.map(async (args) => {
      await using product = startProduct(args, dir.path);
      // The moments are what the test is about: no condition is waited for.
      await Promise.race([sleep(moment(until)), product.done]);
      product.child.kill("SIGKILL");
      return await product.done;
    });
    return (await Promise.all(ends)).filter(({ signal }) => signal === "SIGKILL").length;
  }

  async function disturbOften(commands: readonly (readonly string[])[]): Promise<void> {
    let unfinished = 0;
    // The first one early: when nothing is left to do, the others find processes that are done at once.
    for (let kill = 0; kill < KILLS_PER_ROUND; kill++)
      unfinished += await disturb(commands, kill === 0 ? 0.5 : 0.9);
    assert.ok(unfinished > 0, "every process was done before it could be killed");
  }

  for (let round = 1; round <= RUN_ROUNDS; round++) {
    it(`run, round ${round}`, async () => {
      const data = `run-${round}`;

      await disturbOften([["run", "logs", "--once", "--data", data, ...BUSY_SETTINGS]]);

      await finishAndCompare(dir.path, data, truth);
    });
  }

  for (let round = 1; round <= WORKER_ROUNDS; round++) {
    it(`splitter and loader as two processes, round ${round}`, async () => {
      const data = `workers-${round}`;

      await disturbOften([
        ["splitter", "logs", "--data", data, ...BUSY_SETTINGS],
        ["loader", "--data", data, ...BUSY_SETTINGS],
      ]);

      await finishAndCompare(dir.path, data, truth);
    });
  }
});
