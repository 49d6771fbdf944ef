// The two limits of a shutdown: work may finish until the grace is over, then it is cut off.
import { RouterError } from "../errors/router-error.ts";
import type { Clock } from "../ports/clock.ts";

export interface Grace extends Disposable {
  /** Fires `graceSeconds` after `stop`, or as soon as `force` does. Consumers are aborted then. */
  readonly abort: AbortSignal;
}

/** Watches `stop`. Dispose of it when the work is done. */
export function startGrace(options: {
  readonly stop: AbortSignal;
  readonly force?: AbortSignal;
  readonly graceSeconds: number;
  readonly clock: Clock;
}): Grace {
  const { stop, force, graceSeconds, clock } = options;
  const abort = new AbortController();
  const done = new AbortController();
  const cutOff = (): void =>
    abort.abort(
      new RouterError("ABORTED", "Work was cut off; it will be delivered again.", { retryable: true }),
    );
  const onStop = (): void => {
    clock.sleep(graceSeconds * 1000, done.signal).then(cutOff, () => undefined);
  };
  if (force?.aborted) cutOff();
  else force?.addEventListener("abort", cutOff, { once: true, signal: done.signal });
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true, signal: done.signal });
  return {
    abort: abort.signal,
    [Symbol.dispose]: () => done.abort(),
  };
}
