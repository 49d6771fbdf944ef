// What a reading verb opens: the same adapters as the workers use, over data that has to be there already.
import { loadConfig } from "../../shared/config/load-config.ts";
import type { CliContext } from "../context.ts";
import type { ReportDeps } from "../reports/deps.ts";
import type { ConfigOptions, DataOptions } from "../verb.ts";
import type { Adapters } from "./adapters.ts";
import { configSources } from "./config-sources.ts";
import { createLog } from "./create-log.ts";
import { requireData } from "./data-folder.ts";
import { openAdapters } from "./open-adapters.ts";
import { decideSetup } from "./setup.ts";

export type ReadingDeps = ReportDeps & Adapters;

/**
 * Throws USAGE when there is no such data folder yet, CONFIG_INVALID when a setting is missing. Safe beside a busy pipeline; waits for the
 * warehouse's lock if it has to. On Redshift nothing is created.
 */
export async function openForReading(
  context: CliContext,
  options: DataOptions & ConfigOptions,
): Promise<ReadingDeps> {
  const config = loadConfig(configSources(context, options));
  const setup = decideSetup(context.cwd, options, config, "read");
  if (setup.kind === "embedded") requireData(setup.folder, options);
  const adapters = await openAdapters(setup, config, { context, log: createLog(context), work: "read" });
  try {
    if (setup.kind === "embedded") await adapters.warehouse.prepare();
  } catch (error) {
    await adapters[Symbol.asyncDispose]();
    throw error;
  }
  return { ...adapters, now: context.now() };
}
