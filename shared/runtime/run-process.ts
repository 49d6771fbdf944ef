// The life of a worker process: signals, the grace, resources in reverse order, and the exit code.
//
// Exit codes: 0 done · 1 failed or crashed · 2 bad usage or configuration · 3 shut down by force. After a signal that was obeyed, the
// process ends by the same signal, so that whoever sent it sees it honoured; with `afterSignal: "exit"` it exits with the work's code.
import { isRouterError } from "../errors/router-error.ts";
import { systemClock } from "./clock.ts";
import { written } from "./end-process.ts";
import { startGrace } from "./grace.ts";

/** What the work sees of the process. */
export interface Life {
  /** Fires at the first SIGTERM or SIGINT: receive nothing more, finish what is in hand. */
  readonly stop: AbortSignal;
  /** Fires when the grace is over: give back what is in hand. */
  readonly abort: AbortSignal;
  /** Disposed of in reverse order when the work has ended, however it ended. */
  readonly resources: AsyncDisposableStack;
}

export interface RunProcessOptions {
  /** Between `stop` and `abort` (configuration `shutdown_grace_seconds`). */
  readonly graceSeconds: number;
  /** Work that has not ended this long after `abort` never will: the process exits 3. Default 10 s. */
  readonly forceSeconds?: number;
  /** What follows a signal that was obeyed. Default `reraise`. */
  readonly afterSignal?: "reraise" | "exit";
  /** Told of each step; `error` is there for what ends the process. Written synchronously, for nothing may follow. */
  readonly log: (
    level: "info" | "warn" | "fatal",
    fields: Readonly<Record<string, unknown>>,
    message: string,
  ) => void;
}

export const EXIT_FAILED = 1;
export const EXIT_BAD_USAGE = 2;
export const EXIT_FORCED = 3;

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
type StopSignal = (typeof SIGNALS)[number];

/** A terminal and the tool in front of us may both pass on one Ctrl-C; what follows this soon is the same one. */
const SAME_SIGNAL_MS = 100;
const FORCE_SECONDS = 10;

/** Runs `work` and ends the process. Never returns to the caller in earnest; the promise is there for `await`. */
export async function runProcess(
  work: (life: Life) => Promise<number | undefined>,
  options: RunProcessOptions,
): Promise<never> {
  const { log } = options;
  const stop = new AbortController();
  let signalled: { readonly signal: StopSignal; readonly at: number } | undefined;

  const onSignal = (signal: StopSignal): void => {
    if (signalled === undefined) {
      signalled = { signal, at: performance.now() };
      log("info", { event: "stop_requested", signal, grace_seconds: options.graceSeconds }, "stopping");
      stop.abort();
    } else if (performance.now() - signalled.at > SAME_SIGNAL_MS) {
      log(
        "warn",
        { event: "stop_forced", signal },
        "stopped by force; what was in hand will be delivered again",
      );
      process.exit(EXIT_FORCED);
    }
  };
  const onCrash = (error: unknown): void => {
    log("fatal", { event: "crashed", err: error }, "crashed");
    process.exit(EXIT_FAILED);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("uncaughtException", onCrash);
  process.on("unhandledRejection", onCrash);

  using grace = startGrace({ stop: stop.signal, graceSeconds: options.graceSeconds, clock: systemClock });
  grace.abort.addEventListener("abort", () => {
    log("warn", { event: "grace_over" }, "the grace is over; giving back what is in hand");
    setTimeout(
      () => {
        log("warn", { event: "stop_forced" }, "work does not end; stopped by force");
        process.exit(EXIT_FORCED);
      },
      (options.forceSeconds ?? FORCE_SECONDS) * 1000,
    ).unref();
  });
  const code = await codeOf(work, { stop: stop.signal, abort: grace.abort }, log);

  for (const signal of SIGNALS) process.off(signal, onSignal);
  await written();
  // A failure is told by its code; a signal alone would hide it.
  if (signalled && code === 0 && (options.afterSignal ?? "reraise") === "reraise") {
    process.kill(process.pid, signalled.signal);
    // The signal arrives in a later turn of the event loop.
    await systemClock.sleep(1_000);
  }
  process.exit(code);
}

async function codeOf(
  work: (life: Life) => Promise<number | undefined>,
  signals: Omit<Life, "resources">,
  log: RunProcessOptions["log"],
): Promise<number> {
  try {
    await using resources = new AsyncDisposableStack();
    return (await work({ ...signals, resources })) ?? 0;
  } catch (error) {
    // What was cut off because it was told to stop has not failed.
    if (signals.abort.aborted && (error === signals.abort.reason || isRouterError(error, "ABORTED")))
      return 0;
    const bad = isRouterError(error, "CONFIG_INVALID") || isRouterError(error, "USAGE");
    log("fatal", { event: "failed", err: error }, error instanceof Error ? error.message : String(error));
    return bad ? EXIT_BAD_USAGE : EXIT_FAILED;
  }
}
