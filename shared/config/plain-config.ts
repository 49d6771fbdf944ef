// The configuration of most calls: no file, no settings in the environment, and at most a few plain ones by `--set`. It is known without the
// schema library and the YAML parser, which take longer to load than a small file to split. plain-config.json is generated from the schema.
import type { ConfigSources } from "./load-config.ts";
import plain from "./plain-config.json" with { type: "json" };
import { isSettingVariable } from "./setting-variable.ts";
import type { Config } from "./schema.ts";

/** Settings that nothing else has to be checked against, and the values that the schema allows them. */
interface PlainSettings {
  readonly numbers: Readonly<Record<string, readonly number[]>>;
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

const settings: PlainSettings = plain;
const PLAIN_NUMBER = /^[1-9]\d{0,8}$/;

/** The configuration, exactly as `loadConfig` gives it; undefined for anything that is not plain, or that may be wrong. */
export function plainConfig({ file, env = {}, flags = [] }: ConfigSources): Config | undefined {
  if (file !== undefined || Object.entries(env).some(([name, text]) => text && isSettingVariable(name)))
    return undefined;
  const config: Record<string, unknown> = structuredClone(plain.defaults);
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    const path = flag.slice(0, Math.max(0, equals));
    const value = plainValue(path, flag.slice(equals + 1));
    if (value === undefined) return undefined;
    const [section = "", key = ""] = path.split(".");
    Object.assign(Object(config[section]), { [key]: value });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- generated from the schema's own defaults, and a test compares
  return config as Config;
}

function plainValue(path: string, text: string): number | string | undefined {
  if (Object.hasOwn(settings.choices, path)) return settings.choices[path]!.find((choice) => choice === text);
  if (!Object.hasOwn(settings.numbers, path) || !PLAIN_NUMBER.test(text)) return undefined;
  const [least = 0, most = 0] = settings.numbers[path]!;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
