// Where the configuration of this call comes from.
import { resolve } from "node:path";
import type { ConfigSources } from "../../shared/config/load-config.ts";
import type { CliContext } from "../context.ts";
import type { ConfigOptions } from "../verb.ts";

/** File from --config (relative to where the command was called), the environment, --set, and options that stand for a setting. */
export function configSources(
  context: Pick<CliContext, "cwd" | "env">,
  options: ConfigOptions,
): ConfigSources {
  const file = options.config === undefined ? {} : { file: resolve(context.cwd, options.config) };
  const threads = options.threads === undefined ? [] : [`splitter.threads=${options.threads}`];
  return { ...file, env: context.env, flags: [...options.set, ...threads] };
}
