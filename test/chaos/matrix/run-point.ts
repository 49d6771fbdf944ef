// One run of the matrix: a scene is played, one worker is killed at one point, another takes its place, and in the end everything is as if
// nothing had happened.
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import {
  differences,
  documentsByHand,
  endState,
  FOREIGN_MESSAGE,
  listDifferences,
  type EndState,
} from "./end-state.ts";
import type { KillPoint, WorkerName } from "./kill-point.ts";
import { KillSwitch } from "./kill-switch.ts";
import { sceneOf, type Scene, type SceneName } from "./scenes.ts";
import { Stage } from "./stage.ts";
import type { WireEvent } from "./wire.ts";

/** What one kill came to. */
export interface Outcome {
  readonly worker: WorkerName;
  readonly point: string;
  readonly occurrence: number;
  /** The point was reached and the worker killed there. */
  readonly killed: boolean;
  /** Another process took over and the work came to its end. */
  readonly restarted: boolean;
  /** `audit --tables --sources` balances, no message is left, none is dead, nothing pending. */
  readonly audit: boolean;
  /** Documents, ledger and sums are those of the undisturbed run. */
  readonly documents: boolean;
  readonly problems: readonly string[];
  readonly seconds: number;
}

export const isGood = ({ killed, restarted, audit, documents }: Outcome): boolean =>
  killed && restarted && audit && documents;

const OTHER: Readonly<Record<WorkerName, WorkerName>> = { splitter: "loader", loader: "splitter" };

export class Matrix {
  readonly #emulator: EmulatorName;
  readonly #undisturbed = new Map<SceneName, Promise<EndState>>();

  constructor(emulator: EmulatorName) {
    this.#emulator = emulator;
  }

  /** The scene without a kill, played once; throws when it does not come to what the files themselves say. */
  undisturbed(name: SceneName): Promise<EndState> {
    const known = this.#undisturbed.get(name) ?? this.#playUndisturbed(sceneOf(name));
    this.#undisturbed.set(name, known);
    return known;
  }

  async #playUndisturbed(scene: Scene): Promise<EndState> {
    await using stage = await Stage.open({ emulator: this.#emulator, config: scene.config });
    for (const worker of ["splitter", "loader"] as const) stage.start(worker);
    await play(stage, scene);
    const badEnds = await stage.stop();
    const end = await endState(stage);
    const files = scene.phases.flatMap(({ puts }) => puts);
    const problems = [
      ...badEnds,
      ...end.auditProblems,
      ...end.leftovers,
      ...listDifferences("documents", end.documents, documentsByHand(files, scene.notLoaded)),
    ];
    if (problems.length > 0)
      throw new Error(`the undisturbed run of scene ${scene.name} is wrong:\n${problems.join("\n")}`);
    return end;
  }

  /** Never throws: what goes wrong is a problem of the outcome. */
  async run(point: KillPoint, occurrence: number): Promise<Outcome> {
    const started = performance.now();
    const progress = { killed: false, restarted: false, audit: false, documents: false };
    const problems: string[] = [];
    try {
      const scene = sceneOf(point.scene ?? "mixed");
      // Played beside this run, once for all of them.
      const undisturbed = this.undisturbed(scene.name);
      undisturbed.catch(() => undefined);
      await using stage = await Stage.open({ emulator: this.#emulator, config: scene.config });
      await this.#killAt(stage, point, occurrence, scene, progress);
      problems.push(...(await stage.stop()));
      progress.restarted &&= problems.length === 0;
      const end = await endState(stage, point.hasForeignMessage);
      const [wrong, differing] = [
        [...end.auditProblems, ...end.leftovers],
        differences(end, await undisturbed),
      ];
      progress.audit = wrong.length === 0;
      progress.documents = differing.length === 0;
      problems.push(...wrong, ...differing);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
    if (!progress.killed) problems.unshift("the point was never reached");
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    return { worker: point.worker, point: point.name, occurrence, ...progress, problems, seconds };
  }

  async #killAt(
    stage: Stage,
    point: KillPoint,
    occurrence: number,
    scene: Scene,
    progress: { killed: boolean; restarted: boolean },
  ): Promise<void> {
    const { rig, deps } = stage;
    let seen = 0;
    await using killSwitch = await KillSwitch.open(stage.upstreams, {
      point,
      isDeadly: (event: WireEvent) => point.matches(event) && ++seen === occurrence,
      beforeReceipt: point.hasRival ? rival : undefined,
      kill: async () => {
        await stage.kill(victim);
        progress.killed = true;
        stage.start(point.worker);
      },
    });
    if (point.hasForeignMessage)
      await rig.send(rig.queues[point.worker === "splitter" ? "split" : "load"], FOREIGN_MESSAGE);
    const victim = stage.start(point.worker, killSwitch.upstreams, point.settings);
    stage.start(OTHER[point.worker]);
    await play(stage, scene);
    progress.restarted = progress.killed;

    async function rival(key: string): Promise<void> {
      for (const { key: source } of scene.phases[0]!.puts) await stage.announce(source);
      stage.start("splitter");
      const isThere = () => deps.store.head({ bucket: rig.routed, key });
      await waitFor("the rival's receipt", isThere, 30_000, 50);
    }
  }
}

/** Each content of each key is a row of `sources` in the end. */
async function play(stage: Stage, scene: Scene): Promise<void> {
  let sources = 0;
  for (const phase of scene.phases) {
    await stage.begin(phase);
    sources += phase.puts.length;
    await stage.drained(sources);
  }
}
