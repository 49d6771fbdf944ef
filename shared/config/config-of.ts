// The configuration, the short way where there is one.
import type { ConfigSources } from "./load-config.ts";
import { plainConfig } from "./plain-config.ts";
import type { Config } from "./schema.ts";

/** The same as `loadConfig`, whose modules are loaded only when there is something to check. Throws CONFIG_INVALID as it does. */
export async function configOf(sources: ConfigSources): Promise<Config> {
  return plainConfig(sources) ?? (await import("./load-config.ts")).loadConfig(sources);
}
