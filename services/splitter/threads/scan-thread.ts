// The main thread's end of one scanner thread.
import { Worker } from "node:worker_threads";
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import type { Shape } from "../../../shared/shape/shape.ts";
import type { Block } from "../frame/framed.ts";
import { frameBytes } from "../parts/frame-compressor.ts";
import type { FromThread, ThreadData, ToThread } from "./protocol.ts";
import type { SmallSource, SmallSplit } from "../small/split-small.ts";
import { unshared } from "./shared-buffer.ts";
import type { ScannedBlock, SourceScan } from "./source-scanner.ts";

/** Takes some of a session's shapes. */
export type TakeShapes = (shapes: ReadonlyMap<string, Shape>) => void;

interface Job {
  readonly takeShapes?: TakeShapes;
  readonly resolve: (answer: FromThread) => void;
  readonly reject: (error: RouterError) => void;
}

export class ScanThread {
  readonly #done = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(new URL("./scan-worker-entry.ts", import.meta.url), {
    workerData: { done: this.#done } satisfies ThreadData,
  });
  readonly #jobs = new Map<number, Job>();
  #lastJob = 0;
  #dead = false;
  /** Settings that the thread knows, by the number under which it does. */
  readonly #settings = new Map<SourceSettings, number>();
  /** The configuration that it knows. */
  #config: Config | undefined;

  constructor() {
    this.#worker.on("message", (answer: FromThread) => this.#answered(answer));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`the thread ended with code ${code}`)));
    // The thread alone does not keep the process alive: whoever waits for an answer holds it (see #ask).
    this.#worker.unref();
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Jobs that it has not done yet: as it is now, not as this thread has been told, which may be busy with something else for milliseconds. */
  get waiting(): number {
    // Of 32 bits, as what is done.
    return (this.#lastJob - Atomics.load(this.#done, 0)) | 0;
  }

  open(session: number, { sourceId, settings, config }: SourceScan): void {
    this.#send({ kind: "open", session, sourceId, settings: this.#numberOf(settings, config) });
  }

  async scan(session: number, block: Block, spare: ArrayBuffer | undefined): Promise<ScannedBlock> {
    const transfer = unshared(block.bytes.buffer, block.spans?.buffer);
    const answer = await this.#ask((job) => ({ kind: "scan", session, job, block, spare }), transfer);
    if (answer.kind !== "scanned") throw failed(new Error("the thread answered something else"));
    return answer.result;
  }

  /** Without event types: all that were not asked for yet. */
  async shapes(
    session: number,
    eventTypes: readonly string[] | undefined,
    takeShapes: TakeShapes,
  ): Promise<void> {
    await this.#ask((job) => ({ kind: "shapes", session, job, eventTypes }), [], takeShapes);
  }

  async shapeTexts(session: number, eventTypes: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const answer = await this.#ask((job) => ({ kind: "shapeTexts", session, job, eventTypes }));
    if (answer.kind !== "shapeTexts") throw failed(new Error("the thread answered something else"));
    return answer.texts;
  }

  /** Makes a zstd frame of `raw`, which is in shared memory and written over; undefined where FrameCompressor has it. */
  async compress(raw: Uint8Array, level: number): Promise<Uint8Array | undefined> {
    const answer = await this.#ask((job) => ({ kind: "compress", job, raw, level }));
    if (answer.kind !== "compressed") throw failed(new Error("the thread answered something else"));
    return frameBytes(raw, answer.frame);
  }

  /** Takes the buffer of the stored bytes. */
  async splitSmall(
    source: SmallSource,
    config: Config,
    settings: SourceSettings,
  ): Promise<SmallSplit | undefined> {
    const number = this.#numberOf(settings, config);
    const transfer = [source.stored.buffer];
    const answer = await this.#ask((job) => ({ kind: "small", job, settings: number, source }), transfer);
    if (answer.kind !== "small") throw failed(new Error("the thread answered something else"));
    return answer.split;
  }

  close(session: number): void {
    if (!this.#dead) this.#send({ kind: "close", session });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  /** The number under which the thread knows them: it is told when they are new. There are as many of one configuration as it has rules for sources. */
  #numberOf(settings: SourceSettings, config: Config): number {
    let number = this.#settings.get(settings);
    if (number === undefined) {
      this.#settings.set(settings, (number = this.#settings.size));
      const news = config === this.#config ? undefined : config;
      if (!this.#dead) this.#send({ kind: "settings", number, config: news, settings });
      this.#config = config;
    }
    return number;
  }

  #ask(
    message: (job: number) => ToThread,
    transfer: ArrayBuffer[] = [],
    takeShapes?: TakeShapes,
  ): Promise<FromThread> {
    if (this.#dead) return Promise.reject(hasEnded());
    const job = ++this.#lastJob;
    return new Promise((resolve, reject) => {
      if (this.#jobs.size === 0) this.#worker.ref();
      this.#jobs.set(job, { resolve, reject, ...(takeShapes ? { takeShapes } : {}) });
      this.#send(message(job), transfer);
    });
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #answered(answer: FromThread): void {
    const job = this.#jobs.get(answer.job);
    if (answer.kind === "shapes") job?.takeShapes?.(answer.shapes);
    if (answer.kind === "shapes" && !answer.isLast) return;
    this.#jobs.delete(answer.job);
    if (this.#jobs.size === 0) this.#worker.unref();
    if (answer.kind === "failed") job?.reject(failed(new Error(answer.message)));
    else job?.resolve(answer);
  }

  #die(error: Error): void {
    this.#dead = true;
    for (const job of this.#jobs.values()) job.reject(failed(error));
    this.#jobs.clear();
  }
}

export function hasEnded(): RouterError {
  return failed(new Error("the thread has ended"));
}

function failed(cause: Error): RouterError {
  return new RouterError("INTERNAL", `A scanner thread failed: ${cause.message}`, { retryable: true, cause });
}
