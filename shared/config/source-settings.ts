// What holds for one source object: the first rule of `sources` that matches its key, over the top-level settings.
import { picomatch } from "../runtime/picomatch.ts";
import type { Path } from "../schema/types.ts";
import { parseKeyPaths } from "./parse-key-path.ts";
import type { Config, SourceRule } from "./schema.ts";

export interface SourceSettings {
  readonly format: SourceRule["format"];
  /** Format records: the member with the array. */
  readonly records: string;
  /** Format text: what cuts a line into named fields. `expression` is missing for the presets (combined, s3_access, alb, cloudfront). */
  readonly pattern?: { readonly name: string; readonly expression?: string };
  /** Where a line says its event type, tried in this order. */
  readonly eventTypePaths: readonly Path[];
  /** Every line has this event type; the paths are not looked at. */
  readonly constantEventType?: string;
  readonly onCorrupt: Config["on_corrupt"];
  readonly onOverwrite: Config["on_overwrite"];
}

interface CompiledRule {
  readonly matches: (key: string) => boolean;
  readonly settings: SourceSettings;
}

interface CompiledSources {
  readonly rules: readonly CompiledRule[];
  readonly otherwise: SourceSettings;
}

const compiled = new WeakMap<Config, CompiledSources>();

/** The settings for the source object with this (decoded) key. Rules are compiled once a configuration. */
export function sourceSettings(config: Config, key: string): SourceSettings {
  let sources = compiled.get(config);
  if (!sources) compiled.set(config, (sources = compile(config)));
  return sources.rules.find((rule) => rule.matches(key))?.settings ?? sources.otherwise;
}

/**
 * Compiles a glob on object keys. With a leading `/` it holds from the top of the bucket (of the file system in bucket `local`), without
 * one at any folder: `app/*.log` matches `/var/app/a.log` and `app/a.log`. Hidden files count; `!` stands for itself.
 */
export function keyMatcher(glob: string): (key: string) => boolean {
  const pattern = glob.startsWith("/") ? glob.slice(1) : `**/${glob}`;
  const test = picomatch()(pattern, { dot: true, nonegate: true, windows: false, flags: "s" });
  return (key) => test(key.startsWith("/") ? key.slice(1) : key);
}

function compile(config: Config): CompiledSources {
  return {
    rules: config.sources.map((rule) => ({
      matches: keyMatcher(rule.match),
      settings: settingsOf(config, rule),
    })),
    otherwise: settingsOf(config, undefined),
  };
}

function settingsOf(config: Config, rule: SourceRule | undefined): SourceSettings {
  return {
    format: rule?.format ?? "ndjson",
    records: rule?.records ?? "Records",
    ...(rule?.pattern === undefined ? {} : { pattern: patternOf(config, rule.pattern) }),
    eventTypePaths: parseKeyPaths(rule?.event_type ?? config.event_type),
    ...(rule?.constant_event_type === undefined ? {} : { constantEventType: rule.constant_event_type }),
    onCorrupt: rule?.on_corrupt ?? config.on_corrupt,
    onOverwrite: rule?.on_overwrite ?? config.on_overwrite,
  };
}

function patternOf(config: Config, name: string): NonNullable<SourceSettings["pattern"]> {
  const expression = Object.hasOwn(config.patterns, name) ? config.patterns[name] : undefined;
  return expression === undefined ? { name } : { name, expression };
}
