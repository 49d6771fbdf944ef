// Tests wait for conditions, never for time.
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Polls until `condition` gives something truthy and returns it; throws after `timeoutMs` (default 10 s), naming what was waited for.
 * `pollMs` (default 10): pause between two looks, longer where a look is work for others.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
  pollMs = 10,
): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await sleep(pollMs);
  }
}
