// A worker process for the tests of runProcess: `node run-process-child.ts MODE GRACE_SECONDS [exit]`. Prints what happens, one word a line.
import { RouterError } from "../../../shared/errors/router-error.ts";
import { runProcess, type Life } from "../../../shared/runtime/run-process.ts";

const [mode = "", grace = "5", after] = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const fired = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
/** Keeps the process alive as open sockets would. */
const alive = setInterval(() => undefined, 1_000);

const modes: Record<string, (life: Life) => Promise<number | undefined>> = {
  done: async () => undefined,
  three: async () => 3,
  config: () => Promise.reject(new RouterError("CONFIG_INVALID", "batch_bytes: too small")),
  failed: () => Promise.reject(new Error("no luck")),
  crash: async () => {
    setTimeout(() => {
      throw new Error("out of the blue");
    });
    return fired(new AbortController().signal).then(() => 0);
  },
  rejection: async () => {
    void Promise.reject(new Error("nobody cares"));
    return fired(new AbortController().signal).then(() => 0);
  },
  drains: async ({ stop }) => {
    await fired(stop);
    say("stopping");
    return 0;
  },
  "needs-abort": async ({ abort }) => {
    await fired(abort);
    say("aborted");
    throw abort.reason;
  },
  stubborn: async () => fired(new AbortController().signal).then(() => 0),
  "large-output": async () => {
    process.stdout.write(`${"x".repeat(1_000_000)}\n`);
    return 0;
  },
};

await runProcess(
  async (life) => {
    life.resources.defer(() => say("first resource closed"));
    life.resources.defer(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      say("second resource closed");
    });
    say("ready");
    return modes[mode]?.(life);
  },
  {
    graceSeconds: Number(grace),
    forceSeconds: 0.2,
    afterSignal: after === "exit" ? "exit" : "reraise",
    log: (level, { event }) => say(`${level} ${String(event)}`),
  },
);
clearInterval(alive);
