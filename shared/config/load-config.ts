// The configuration of a process: defaults, then the file, then the environment, then flags. Whatever is wrong is said at once.
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { checkColumns } from "./check-columns.ts";
import { checkLimits } from "./check-limits.ts";
import { checkRoutes } from "./check-routes.ts";
import { checkSources } from "./check-sources.ts";
import { checkedParts } from "./checked-parts.ts";
import { describeIssue } from "./describe-issue.ts";
import { environmentOverrides, flagOverrides, type Override } from "./overrides.ts";
import { configError, settingPath, type ConfigProblem, type Finding } from "./problem.ts";
import { readYaml, type YamlFile } from "./read-yaml.ts";
import { configSchema, type Config } from "./schema.ts";
import { configNode, isSection } from "./settings.ts";

/** A larger file is no configuration written by people. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface ConfigSources {
  /** Path of a YAML file; without one the defaults hold. */
  readonly file?: string;
  /** Usually process.env; only `LOG_ROUTER_*` is looked at. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `path=value` each, from `--set`. */
  readonly flags?: readonly string[];
}

export type ConfigResult =
  | { readonly config: Config; readonly problems: readonly [] }
  | { readonly config?: never; readonly problems: readonly ConfigProblem[] };

/** The configuration, or CONFIG_INVALID with all problems in its message. */
export function loadConfig(sources: ConfigSources = {}): Config {
  const { config, problems } = checkConfig(sources);
  if (!config) throw configError(problems);
  return config;
}

/** The configuration or everything that is wrong with it, in the order of the file. Never throws. */
export function checkConfig(sources: ConfigSources = {}): ConfigResult {
  const file = sources.file === undefined ? undefined : readFile(sources.file);
  if (file && "problem" in file) return { problems: [file.problem] };
  const yaml = readYaml(file?.text ?? "");
  const name = sources.file === undefined ? "configuration" : basename(sources.file);
  if (yaml.problems.length > 0)
    return { problems: yaml.problems.map((problem) => syntaxProblem(name, problem)) };
  const environment = environmentOverrides(sources.env ?? {});
  const flags = flagOverrides(sources.flags ?? []);
  const overrides = [...environment.values, ...flags.values];
  const raw = withOverrides(yaml.value, overrides);
  const parsed = configSchema.safeParse(raw, { reportInput: true });
  const findings = isPlainObject(raw)
    ? [
        ...(parsed.success ? [] : parsed.error.issues.flatMap(describeIssue)),
        ...checkUnusableNames(raw),
        ...crossChecks(raw),
      ]
    : [
        {
          path: [],
          problem: "must be settings (key: value)",
          fix: "See docs/configuration.md for an example.",
        },
      ];
  const problems = [
    ...findings.map((finding) => locate(finding, name, yaml, overrides)).sort(byLine),
    ...environment.problems,
    ...flags.problems,
  ];
  return parsed.success && problems.length === 0 ? { config: parsed.data, problems: [] } : { problems };
}

function readFile(path: string): { text: string } | { problem: ConfigProblem } {
  const problem = (text: string, fix: string): { problem: ConfigProblem } => ({
    problem: { path: "", where: path, problem: text, fix },
  });
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return problem("is a folder", "Name the YAML file in it.");
    if (stat.size > MAX_FILE_BYTES) return problem("is over 4 MiB", "Is it the right file?");
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return problem("there is no such file", "Check the path after --config.");
    if (code === "EACCES") return problem("cannot be read", "Check its permissions.");
    if (error instanceof TypeError) return problem("is not UTF-8", "Save it as UTF-8.");
    return problem(String(error), "Check the path after --config.");
  }
}

function syntaxProblem(name: string, { line, problem }: { line: number; problem: string }): ConfigProblem {
  return { path: "", where: `${name}:${line}`, line, problem, fix: "The file must be valid YAML." };
}

/** The file's value with overrides put in. A setting or section written without a value counts as not written. */
function withOverrides(value: unknown, overrides: readonly Override[]): unknown {
  if (value !== undefined && !isPlainObject(value)) return value;
  const raw: Record<string, unknown> = withoutEmpty(value ?? {});
  for (const [key, node] of Object.entries(configNode().properties ?? {})) {
    const section = raw[key];
    if (isSection(node) && isPlainObject(section)) raw[key] = withoutEmpty(section);
  }
  for (const { path, value: override } of overrides) {
    const [first, second] = path;
    const section = raw[first!];
    if (second === undefined) raw[first!] = override;
    else raw[first!] = { ...(isPlainObject(section) ? section : {}), [second]: override };
  }
  return raw;
}

function withoutEmpty(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

function crossChecks(raw: Record<string, unknown>): Finding[] {
  const parts = checkedParts(raw);
  return [...checkSources(parts), ...checkRoutes(parts), ...checkColumns(parts), ...checkLimits(parts)];
}

/** `__proto__` as a name would be dropped without a word by the schema, and with it an `exclude` that somebody relies on. */
function checkUnusableNames(raw: Record<string, unknown>): Finding[] {
  const holders = ["patterns", "types", "exclude", "hash"].map((key) => [key]);
  return [...holders, ["tables", "event_time"]].flatMap((path) => {
    const value = path.reduce<unknown>((node, key) => (isPlainObject(node) ? node[key] : undefined), raw);
    if (!isPlainObject(value) || !Object.hasOwn(value, "__proto__")) return [];
    const fix = 'Use a glob that matches it, such as "__proto_?".';
    return [
      { path: [...path, "__proto__"], problem: "the name cannot be used here", fix, atKey: true as const },
    ];
  });
}

function locate(
  finding: Finding,
  name: string,
  yaml: YamlFile,
  overrides: readonly Override[],
): ConfigProblem {
  const path = settingPath(finding.path);
  const { found, problem, fix } = finding;
  const rest = { path, problem, fix, ...(found === undefined ? {} : { found }) };
  const override = overrides.findLast((one) => one.path.every((key, index) => finding.path[index] === key));
  if (override) return { where: override.where, ...rest };
  const line = yaml.lineOf(finding.path, finding.atKey);
  return { where: `${name}:${line}`, line, ...rest };
}

function byLine(a: ConfigProblem, b: ConfigProblem): number {
  return (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
