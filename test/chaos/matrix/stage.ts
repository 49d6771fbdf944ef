// Where a scene is played: buckets, queues and a warehouse of its own on the shared emulator and PostgreSQL server; workers as processes;
// and what is looked at when all is done.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ReadingDeps } from "../../../cli/compose/open-for-reading.ts";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { QueueDepth } from "../../../shared/ports/queue.ts";
import type { SourceRow, Warehouse } from "../../../shared/ports/warehouse.ts";
import { openAwsRig, type AwsRig } from "../../helpers/aws-rig.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import type { WorkerName } from "./kill-point.ts";
import type { Upstreams } from "./kill-switch.ts";
import { VISIBILITY_SECONDS, type Phase, type SourceFile } from "./scenes.ts";
import { openUnlimitedWarehouse } from "./unlimited-warehouse.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

/** Longest wait for a phase to come to its end; what takes longer is stuck. */
const PATIENCE_MS = 300_000;
/** Each look is a few requests to the servers that the workers use. */
const LOOK_MS = 300;

export interface StageOptions {
  readonly emulator: EmulatorName;
  /** YAML. */
  readonly config: string;
  /** Deliveries that a message may have. Default 10. */
  readonly maxReceives?: number;
}

export class Stage implements AsyncDisposable {
  readonly rig: AwsRig;
  readonly deps: Pick<ReadingDeps, "store" | "splitQueue" | "loadQueue">;
  /** For looking. */
  readonly warehouse: Warehouse;
  readonly upstreams: Upstreams;
  readonly #env: Readonly<Record<string, string>>;
  readonly #workers = new Set<WorkerProcess>();
  readonly #deferred = new AsyncDisposableStack();
  #started = 0;

  private constructor(rig: AwsRig, deps: ReadingDeps, options: StageOptions) {
    this.rig = rig;
    this.deps = this.#deferred.use(deps);
    this.warehouse = this.#deferred.use(openUnlimitedWarehouse(rig, deps.store));
    this.upstreams = { emulator: rig.running.emulator.endpoint, redshift: rig.standIn.endpoint };
    const file = join(rig.cwd, "router.yaml");
    writeFileSync(file, options.config);
    const most = String(options.maxReceives ?? 10);
    this.#env = {
      ...rig.env,
      LOG_ROUTER_CONFIG: file,
      LOG_ROUTER_SPLITTER_VISIBILITY_SECONDS: String(VISIBILITY_SECONDS),
      LOG_ROUTER_LOADER_VISIBILITY_SECONDS: String(VISIBILITY_SECONDS),
      LOG_ROUTER_SPLITTER_MAX_RECEIVES: most,
      LOG_ROUTER_LOADER_MAX_RECEIVES: most,
      LOG_ROUTER_LOADER_RETRY_SECONDS: "1",
      LOG_ROUTER_SHUTDOWN_GRACE_SECONDS: "1",
    };
  }

  static async open(options: StageOptions): Promise<Stage> {
    const { emulator, maxReceives } = options;
    const rig = await openAwsRig(emulator, maxReceives === undefined ? {} : { maxReceives });
    return new Stage(rig, await rig.reading(), options);
  }

  /** Straight to the servers unless `upstreams` says otherwise. */
  start(
    worker: WorkerName,
    upstreams: Upstreams = this.upstreams,
    settings: Readonly<Record<string, string>> = {},
  ): WorkerProcess {
    const env = {
      ...this.#env,
      ...settings,
      AWS_ENDPOINT_URL_S3: upstreams.emulator,
      AWS_ENDPOINT_URL_SQS: upstreams.emulator,
      AWS_ENDPOINT_URL_REDSHIFT_DATA: upstreams.redshift,
      LOG_ROUTER_DATA: join(this.rig.cwd, `${worker}-${++this.#started}`),
    };
    const started = startWorker(worker, env, this.rig.cwd);
    this.#workers.add(started);
    return started;
  }

  async put({ key, body }: SourceFile): Promise<void> {
    await this.#afterLastPut(key);
    await this.rig.put(key, body);
  }

  async announce(key: string): Promise<void> {
    await this.rig.send(this.rig.queues.split, s3Notification(this.rig.sources, key, 1, "again"));
  }

  async begin({ puts, again = [] }: Phase): Promise<void> {
    for (const file of puts) await this.put(file);
    for (const key of again) await this.announce(key);
  }

  /** Versions of an object are told apart by their time, which S3 gives in whole seconds. */
  async #afterLastPut(key: string): Promise<void> {
    const { rig, deps } = this;
    const before = await deps.store.head({ bucket: rig.sources, key });
    if (!before) return;
    const second = Math.floor(before.lastModified.getTime() / 1000);
    await waitFor("the next second", () => Math.floor(Date.now() / 1000) > second);
  }

  /** Waits until no message is left, `sources` rows of the ledger are in a final state, and nothing is pending. */
  drained(sources: number): Promise<void> {
    return this.#untilDone(`${sources} sources`, (rows) => rows.length === sources);
  }

  /** As `drained`, where it is not known how many versions of an object somebody saw: every key is in the ledger. */
  settled(keys: ReadonlySet<string>): Promise<void> {
    return this.#untilDone(
      `${keys.size} keys`,
      (rows) => new Set(rows.map(({ key }) => key)).size === keys.size,
    );
  }

  async #untilDone(what: string, isAll: (rows: readonly SourceRow[]) => boolean): Promise<void> {
    let seen = "";
    try {
      await waitFor(
        "the work to end",
        async () => {
          const depths = await this.depths();
          seen = JSON.stringify(depths);
          this.#requireAlive();
          if (depths.some(({ visible, inFlight, delayed }) => visible + inFlight + delayed > 0)) return false;
          const rows = await this.sources();
          seen += rows.map(({ key, generation, state }) => ` ${key}/${generation} ${state}`).join();
          if (!isAll(rows) || rows.some(({ state }) => state === "loading")) return false;
          return (await this.warehouse.read.pendingCount()) === 0;
        },
        PATIENCE_MS,
        LOOK_MS,
      );
    } catch (cause) {
      const logs = [...this.#workers].map(({ log }) => log.slice(-1500)).join("\n");
      throw new Error(`${what} were expected to end, seen ${seen}\n${logs}`, { cause });
    }
  }

  #requireAlive(): void {
    for (const worker of this.#workers)
      if (worker.hasEnded) throw new Error(`a worker ended by itself\n${worker.log.slice(-1500)}`);
  }

  async depths(): Promise<readonly QueueDepth[]> {
    return [await this.deps.splitQueue.depth(), await this.deps.loadQueue.depth()];
  }

  /** Rows of the ledger; none while no loader has made it. */
  async sources(): Promise<readonly SourceRow[]> {
    try {
      return await this.warehouse.read.sources({ limit: 1000 });
    } catch (error) {
      if (isRouterError(error, "WAREHOUSE_UNAVAILABLE")) return [];
      throw error;
    }
  }

  /** Kills it and waits for its end. */
  async kill(worker: WorkerProcess): Promise<void> {
    this.#workers.delete(worker);
    worker.kill("SIGKILL");
    await worker.done;
  }

  /** Stops what runs, as a deployment does; what does not end well is named. */
  async stop(): Promise<readonly string[]> {
    const workers = [...this.#workers];
    this.#workers.clear();
    for (const worker of workers) worker.kill("SIGTERM");
    const ends = await Promise.all(
      workers.map(async (worker) => {
        const end = await worker.done;
        return end === 0 ? [] : [`a worker ended with ${end}: ${worker.log.slice(-1500)}`];
      }),
    );
    return ends.flat();
  }

  /** Disposed of with the stage, after its workers. */
  defer(resource: AsyncDisposable): void {
    this.#deferred.use(resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => this.kill(worker)));
    await this.#deferred.disposeAsync();
    await this.rig[Symbol.asyncDispose]();
  }
}
