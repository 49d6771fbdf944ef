// A scanner thread that is started before anybody knows whether it will be wanted: it takes as long to start as the rest of the program to load.
import { ScanThread } from "./scan-thread.ts";

let early: ScanThread | undefined;

/** Starts a thread for the first pool of the process. */
export function startThreadEarly(): ScanThread {
  return (early ??= new ScanThread());
}

/** The thread that was started early, if nobody has taken it, else a new one. */
export function takeThread(): ScanThread {
  const thread = early ?? new ScanThread();
  early = undefined;
  return thread;
}

/** True when `takeThread` need not start one. */
export function hasEarlyThread(): boolean {
  return early !== undefined;
}

/** No pool is going to take it. */
export async function stopEarlyThread(): Promise<void> {
  const thread = early;
  early = undefined;
  await thread?.stop();
}
