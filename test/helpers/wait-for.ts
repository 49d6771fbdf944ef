// Tests wait for conditions, never for time.
import { setTimeout as sleep } from "node:timers/promises";

/** Polls until `condition` gives something truthy and returns it; throws after `timeoutMs` (default 10 s), naming what was waited for. */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(10);
  }
}
