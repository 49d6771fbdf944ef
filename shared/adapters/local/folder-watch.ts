// Source files as they come: first those that are there, then new and changed ones, each once it has settled. The file system's own
// events only make it quick; that nothing is missed rests on looking at everything again from time to time.
import { watch, type FSWatcher } from "chokidar";
import { dirname, sep } from "node:path";
import type { Clock } from "../../ports/clock.ts";
import { systemClock } from "../../runtime/clock.ts";
import { inputMatcher, isHidden, resolveInputs, type FileInput } from "./file-inputs.ts";
import { filesOf, regularFile, type FindOptions, type FoundFile } from "./find-files.ts";
import { SettleTracker } from "./settle-tracker.ts";

export interface WatchOptions extends FindOptions {
  /** A file is left alone until it has not changed for this long (configuration `settle_seconds`). */
  readonly settleSeconds: number;
  /** Ends the watch; files found by then have been given out. */
  readonly signal: AbortSignal;
  /** Look at everything again this often. Default 60 s with the file system's events, 2 s without. */
  readonly rescanSeconds?: number;
  /** Do without the file system's events (network drives). Default false. */
  readonly polling?: boolean;
  readonly clock?: Clock;
}

const RESCAN_SECONDS = 60;
const POLL_SECONDS = 2;

/**
 * Files that the arguments name, until the signal fires. A file that changes later is given out again. Throws as `findFiles` does,
 * except that a glob that fits nothing yet is watched, with a warning.
 */
export async function* watchFiles(
  given: readonly string[],
  options: WatchOptions,
): AsyncGenerator<FoundFile, void, undefined> {
  const clock = options.clock ?? systemClock;
  const now = (): number => clock.now().getTime();
  const { inputs, isExcluded } = await resolveInputs(given, options);
  const tracker = new SettleTracker(options.settleSeconds * 1000, now);
  const events = options.polling ? undefined : startEvents(inputs, isExcluded, options.onWarning);
  try {
    for (let rescanAt = 0, first = true; !options.signal.aborted;) {
      if (now() >= rescanAt || events?.takeRescan()) {
        let found = 0;
        for (const input of inputs) {
          for await (const { path } of filesOf(input, isExcluded, ignoringAbort(options))) {
            if (options.signal.aborted) return;
            found++;
            const file = await tracker.look(path);
            if (file) yield file;
          }
        }
        if (first && found === 0)
          options.onWarning?.(`No file fits ${given.join(", ")} yet; waiting for some.`);
        first = false;
        rescanAt = now() + 1000 * (options.rescanSeconds ?? (events?.alive ? RESCAN_SECONDS : POLL_SECONDS));
      }
      for (const path of events?.takePaths() ?? []) {
        const real = regularFile(path, isExcluded, options.onWarning);
        const file = real && (await tracker.look(real.path));
        if (file) yield file;
      }
      yield* tracker.settled();
      const pause = Math.min(tracker.nextDueMs ?? Infinity, Math.max(0, rescanAt - now()));
      await events?.orAfter(clock, pause, options.signal);
      if (!events) await clock.sleep(pause, options.signal).catch(() => undefined);
    }
  } finally {
    await events?.close();
  }
}

/** The watch ends quietly when its signal fires; only a listing on its own throws. */
function ignoringAbort({ onWarning }: WatchOptions): FindOptions {
  return onWarning ? { onWarning } : {};
}

interface Events {
  /** False when the file system's events have failed; rescans take their place. */
  readonly alive: boolean;
  takePaths(): string[];
  /** True once after the watcher has become ready: what changed before was not told. */
  takeRescan(): boolean;
  /** Waits for an event, `ms` at the most. */
  orAfter(clock: Clock, ms: number, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

function startEvents(
  inputs: readonly FileInput[],
  isExcluded: (realPath: string) => boolean,
  onWarning: ((message: string) => void) | undefined,
): Events {
  const belongs = inputMatcher(inputs);
  const paths = new Set<string>();
  let rescan = false;
  let alive = true;
  let wake = new AbortController();
  const wakeUp = (): void => {
    wake.abort();
    wake = new AbortController();
  };
  const onPath = (path: string): void => {
    if (!belongs(path)) return;
    paths.add(path);
    wakeUp();
  };
  const watchers = inputs.map((input) =>
    startWatcher(input, isExcluded)
      .on("add", onPath)
      .on("change", onPath)
      .on("ready", () => {
        rescan = true;
        wakeUp();
      })
      .on("error", (error) => {
        if (alive) onWarning?.(`Watching fails (${String(error)}); looking every ${POLL_SECONDS} s instead.`);
        alive = false;
        rescan = true;
        wakeUp();
      }),
  );
  return {
    get alive() {
      return alive;
    },
    takePaths() {
      const taken = [...paths];
      paths.clear();
      return taken;
    },
    takeRescan() {
      const taken = rescan;
      rescan = false;
      return taken;
    },
    async orAfter(clock, ms, signal) {
      if (paths.size > 0 || rescan) return;
      await clock.sleep(ms, AbortSignal.any([signal, wake.signal])).catch(() => undefined);
    },
    async close() {
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}

function startWatcher(input: FileInput, isExcluded: (realPath: string) => boolean): FSWatcher {
  // A single file is watched through its folder: it may be replaced by renaming another over it.
  const folder = input.kind === "file" ? dirname(input.file) : input.folder;
  const ignored = (path: string): boolean => {
    if (isExcluded(path)) return true;
    if (input.kind === "file") return path !== folder && path !== input.file;
    return (
      input.kind === "folder" &&
      path !== folder &&
      isHidden(path.slice(folder === sep ? 1 : folder.length + 1))
    );
  };
  const depth =
    input.kind === "folder" || (input.kind === "glob" && input.pattern.includes("**"))
      ? undefined
      : input.kind === "file"
        ? 0
        : input.pattern.split(sep).length - 1;
  return watch(folder, {
    ignored,
    ignoreInitial: true,
    atomic: false,
    ...(depth === undefined ? {} : { depth }),
  });
}
