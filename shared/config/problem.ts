// What is wrong with a configuration, said so that it can be put right without looking anything up.
import { RouterError } from "../errors/router-error.ts";

/** Keys and indexes from the top of the configuration down. */
export type SettingPath = readonly (string | number)[];

/** A problem before it is known where the value was written. */
export interface Finding {
  readonly path: SettingPath;
  /** What is wrong, as the end of the sentence that starts with the path. */
  readonly problem: string;
  /** What to write instead, as a sentence. */
  readonly fix: string;
  /** Printed after "found"; left out where the problem says it. */
  readonly found?: string;
  /** The problem is the key itself, not its value. */
  readonly atKey?: true;
}

export interface ConfigProblem {
  /** `routes[1].table`, or empty when the file as a whole is meant. */
  readonly path: string;
  /** `router.yaml:12`, `environment variable LOG_ROUTER_…`, or `--set …`. */
  readonly where: string;
  readonly line?: number;
  readonly found?: string;
  readonly problem: string;
  readonly fix: string;
}

/** `routes[1]."a.b"`: keys that hold anything but letters, digits, `_`, `-`, `@` and `*` are quoted. */
export function settingPath(path: SettingPath): string {
  return path
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const text = /^[\w@*?-]+$/.test(key) ? key : JSON.stringify(key);
      return index === 0 ? text : `.${text}`;
    })
    .join("");
}

/** A value as people are shown it: JSON, cut at 60 characters. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** One line: where, path, what is wrong, what was found, the fix. */
export function formatProblem(problem: ConfigProblem): string {
  const path = problem.path === "" ? "" : `${problem.path}: `;
  const found = problem.found === undefined ? "" : `; found ${problem.found}`;
  return `${problem.where}: ${path}${problem.problem}${found}. ${problem.fix}`;
}

/** All problems in one CONFIG_INVALID, in the order given. */
export function configError(problems: readonly ConfigProblem[]): RouterError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((problem) => `  ${formatProblem(problem)}`);
  return new RouterError("CONFIG_INVALID", `the configuration has ${count}:\n${lines.join("\n")}`, {
    details: { problems: problems.length },
  });
}
