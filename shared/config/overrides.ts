// Single settings from outside the file: environment variables, then `--set` flags, over what the file says.
import { parse } from "yaml";
import { closest } from "./closest.ts";
import type { ConfigProblem } from "./problem.ts";
import { isSettingVariable } from "./setting-variable.ts";
import { allSettings, type Setting } from "./settings.ts";

export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  /** `environment variable LOG_ROUTER_…` or `--set …`. */
  readonly where: string;
}

export interface Overrides {
  readonly values: readonly Override[];
  readonly problems: readonly ConfigProblem[];
}

/**
 * `LOG_ROUTER_` + the setting's path in upper snake case: `LOG_ROUTER_SPLITTER_THREADS=4`. The value is read as YAML, so lists and
 * named values are written in flow style (`[type, [a, b]]`); a setting that is a text is taken as it is. An empty variable counts as
 * absent. A variable with the prefix that is no setting is a problem: it is a typing mistake more often than not.
 */
export function environmentOverrides(env: Readonly<Record<string, string | undefined>>): Overrides {
  const settings = allSettings();
  const values: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!isSettingVariable(name) || text === undefined || text === "") continue;
    const where = `environment variable ${name}`;
    const setting = settings.find(({ variable }) => variable === name);
    if (setting) add(values, problems, setting, text, where);
    else
      problems.push(
        unknown(
          where,
          name,
          settings.map(({ variable }) => variable),
        ),
      );
  }
  return { values, problems };
}

/** `--set splitter.threads=4`: path, `=`, and the value, read as in the environment. The last one for a setting wins. */
export function flagOverrides(flags: readonly string[]): Overrides {
  const settings = allSettings();
  const values: Override[] = [];
  const problems: ConfigProblem[] = [];
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    const path = equals === -1 ? flag : flag.slice(0, equals);
    const where = `--set ${flag}`;
    const setting = settings.find((candidate) => candidate.path.join(".") === path);
    if (!setting)
      problems.push(
        unknown(
          where,
          path,
          settings.map((candidate) => candidate.path.join(".")),
        ),
      );
    else if (equals === -1)
      problems.push({ path, where, problem: "has no value", fix: `Write --set ${path}=VALUE.` });
    else add(values, problems, setting, flag.slice(equals + 1), where);
  }
  return { values, problems };
}

function add(
  values: Override[],
  problems: ConfigProblem[],
  setting: Setting,
  text: string,
  where: string,
): void {
  const { path } = setting;
  if (setting.node.type === "string") {
    values.push({ path, value: text, where });
    return;
  }
  try {
    values.push({ path, value: parse(text, { maxAliasCount: 100 }), where });
  } catch {
    const fix = "Quote texts with special characters; lists are [a, b], names with values {a: b}.";
    problems.push({ path: path.join("."), where, problem: "the value is not valid YAML", found: text, fix });
  }
}

function unknown(where: string, name: string, names: readonly string[]): ConfigProblem {
  const near = closest(name, names);
  const fix = near === undefined ? "docs/configuration.md lists them." : `Did you mean ${near}?`;
  return { path: "", where, problem: "there is no such setting", fix };
}
