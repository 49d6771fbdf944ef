// What a reading verb opens: the same adapters as the workers use, over a data folder that has to be there already.
import { loadConfig } from "../../shared/config/load-config.ts";
import type { CliContext } from "../context.ts";
import type { ReportDeps } from "../reports/deps.ts";
import type { ConfigOptions, DataOptions } from "../verb.ts";
import { configSources } from "./config-sources.ts";
import { existingDataFolder } from "./data-folder.ts";
import { openEmbedded, type Embedded } from "./open-embedded.ts";

export type ReadingDeps = ReportDeps & Embedded;

/** Throws USAGE when there is no such data folder yet. Safe beside a busy pipeline; waits for the warehouse's lock if it has to. */
export async function openForReading(
  context: CliContext,
  options: DataOptions & ConfigOptions,
): Promise<ReadingDeps> {
  const folder = existingDataFolder(context.cwd, options);
  const embedded = await openEmbedded(folder, loadConfig(configSources(context, options)));
  try {
    await embedded.warehouse.prepare();
  } catch (error) {
    await embedded[Symbol.asyncDispose]();
    throw error;
  }
  return { ...embedded, now: context.now() };
}
