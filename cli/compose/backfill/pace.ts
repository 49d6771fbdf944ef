// `--rate N/s`: how fast source objects are sent.
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { Clock } from "../../../shared/ports/clock.ts";

/** Objects a second, from `100/s`, `100` or `0.5/s`. Throws USAGE. */
export function parseRate(text: string): number {
  const rate = Number(/^(\d{1,7}(?:\.\d{1,3})?)(?:\/s)?$/.exec(text)?.[1] ?? Number.NaN);
  if (rate > 0) return rate;
  throw new RouterError("USAGE", `--rate ${JSON.stringify(text)} is no rate. Write 100/s.`);
}

export interface Pace {
  /** So many may be sent together. */
  readonly atOnce: number;
  /** Resolves when `count` may be sent. */
  wait(count: number, signal: AbortSignal): Promise<void>;
}

/** Groups of a quarter of a second's worth, so that what is sent is spread. */
export function createPace(perSecond: number, clock: Clock): Pace {
  let nextAt = 0;
  return {
    atOnce: Math.max(1, Math.floor(perSecond / 4)),
    async wait(count, signal) {
      const now = clock.now().getTime();
      const at = Math.max(now, nextAt);
      nextAt = at + (count / perSecond) * 1000;
      if (at > now) await clock.sleep(at - now, signal);
    },
  };
}
