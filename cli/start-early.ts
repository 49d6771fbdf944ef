// What a command line will most likely want is started before the program is loaded.
import { readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { WORTH_A_THREAD_BYTES } from "../services/splitter/threads/worth-a-thread.ts";
import { isSettingVariable } from "../shared/config/setting-variable.ts";

const SCANNING_VERBS = ["split", "run", "splitter"];
/** Options that may say that there is nothing to scan, or one thread only. */
const DOUBTS = /^(--threads|--set|--config|--help|-h$)/;
/** Options whose value is no source. */
const OTHER_PLACES = ["--out", "--data", "--warehouse", "--queue"];
/** Files of a folder that are looked at. */
const SOME_FILES = 1000;

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
    !Object.keys(env).some(isSettingVariable) &&
    !isLittle(sourcesIn(options))
  );
}

function sourcesIn(options: readonly string[]): readonly string[] {
  return options.filter((text, at) => !text.startsWith("-") && !OTHER_PLACES.includes(options[at - 1] ?? ""));
}

/** True for files, or folders with nothing but files, that are so small together that they are scanned without a thread. */
function isLittle(paths: readonly string[]): boolean {
  let bytes = 0;
  for (const path of paths) bytes += bytesOf(path);
  return paths.length > 0 && bytes <= WORTH_A_THREAD_BYTES;
}

/** Infinity for what is not to be known so soon. */
function bytesOf(path: string): number {
  try {
    const stats = statSync(path);
    if (!stats.isDirectory()) return stats.isFile() ? stats.size : Infinity;
    const files = readdirSync(path, { withFileTypes: true });
    if (files.length > SOME_FILES || !files.every((file) => file.isFile())) return Infinity;
    return files.reduce((sum, { name }) => sum + statSync(join(path, name)).size, 0);
  } catch {
    return Infinity;
  }
}

export async function startEarly(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (!wantsThread(args, env, availableParallelism())) return;
  const { startThreadEarly } = await import("../services/splitter/threads/early-thread.ts");
  startThreadEarly();
}
