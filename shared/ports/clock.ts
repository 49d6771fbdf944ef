// Time as the workers see it, so that tests move it by hand.

export interface Clock {
  now(): Date;
  /** Resolves after `ms`, or rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
