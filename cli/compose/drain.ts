// The end of a pipeline: what is in hand may finish within the grace, then it is cut off and delivered again.
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Pipeline } from "./pipeline.ts";

export interface Stop {
  /** Fires at the first stop signal. */
  readonly graceful: AbortSignal;
  /** Fires at the second. */
  readonly forced: AbortSignal;
  readonly graceMs: number;
}

/** Ends when everything in hand is done, or cut off. */
export async function drain(pipeline: Pipeline, { forced, graceMs }: Stop): Promise<void> {
  const limit = AbortSignal.any([forced, AbortSignal.timeout(graceMs)]);
  const aborted = Promise.withResolvers<never>();
  const onLimit = (): void =>
    aborted.reject(new RouterError("ABORTED", "stopped before the work in hand was done"));
  if (limit.aborted) onLimit();
  limit.addEventListener("abort", onLimit, { once: true });
  const drained = pipeline.drain(limit);
  try {
    await Promise.race([drained, aborted.promise]);
  } catch (error) {
    if (!limit.aborted) throw error;
    await pipeline.abort();
    await drained.catch(() => undefined);
  } finally {
    limit.removeEventListener("abort", onLimit);
  }
}
