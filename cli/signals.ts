// Stop signals for the long-running verbs: the first asks them to finish, the second to give up (and leave the rest to be delivered again).
import type { SignalSource } from "./context.ts";

type StopSignal = "SIGINT" | "SIGTERM";
const SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM"];

/** What is needed of `process`. */
export interface SignalEmitter {
  on(signal: StopSignal, handler: (signal: StopSignal) => void): unknown;
  off(signal: StopSignal, handler: (signal: StopSignal) => void): unknown;
}

export function signalSource(emitter: SignalEmitter): SignalSource {
  return {
    listen() {
      const graceful = new AbortController();
      const forced = new AbortController();
      const handler = (): void => {
        if (graceful.signal.aborted) forced.abort();
        else graceful.abort();
      };
      for (const signal of SIGNALS) emitter.on(signal, handler);
      return {
        graceful: graceful.signal,
        forced: forced.signal,
        [Symbol.dispose](): void {
          for (const signal of SIGNALS) emitter.off(signal, handler);
        },
      };
    },
  };
}
