// What a command line will most likely want is started before the program is loaded.
import { availableParallelism } from "node:os";
import { isSettingVariable } from "../shared/config/setting-variable.ts";

const SCANNING_VERBS = ["split", "run", "splitter"];
/** Options that may say that there is nothing to scan, or one thread only. */
const DOUBTS = /^(--threads|--set|--config|--help|-h$)/;

/** True when the verb is going to scan in a thread, as far as can be told without reading its configuration. */
export function wantsThread(
  [verb = "", ...options]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cores: number,
): boolean {
  if (!SCANNING_VERBS.includes(verb) || cores < 2 || options.length === 0) return false;
  return (
    !options.some((option) => DOUBTS.test(option)) &&
    !env["LOG_ROUTER_CONFIG"] &&
    !Object.keys(env).some(isSettingVariable)
  );
}

export async function startEarly(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (!wantsThread(args, env, availableParallelism())) return;
  const { startThreadEarly } = await import("../services/splitter/threads/early-thread.ts");
  startThreadEarly();
}
