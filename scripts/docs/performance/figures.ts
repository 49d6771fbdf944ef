// The results as the page's tables need them.
import {
  readResult,
  summarise,
  type CaseResult,
  type SuiteResult,
  type Summary,
} from "../../../bench/harness/result.ts";
import { medianRatio } from "../../../bench/harness/statistics.ts";

/** The suites in the order of the page. */
export const SUITES = ["split", "peers", "small-files", "loading"] as const;

export type Results = ReadonlyMap<string, SuiteResult>;

export function readResults(folder?: string): Results {
  const found = SUITES.map((suite) => [suite, readResult(suite, folder)] as const);
  return new Map(found.flatMap(([suite, result]) => (result ? [[suite, result]] : [])));
}

export function caseOf(results: Results, suite: string, id: string): CaseResult | undefined {
  return results.get(suite)?.cases.find((each) => each.id === id);
}

export function summaryOf(
  results: Results,
  suite: string,
  id: string,
  contestant: string,
): Summary | undefined {
  const found = caseOf(results, suite, id);
  return found && summarise(found, contestant);
}

/** Median of the ratios of wall time between two contestants within each round. */
export function wallRatio(of: CaseResult | undefined, contestant: string, to: string): number | undefined {
  const walls = (id: string): number[] =>
    of?.contestants.find((each) => each.id === id)?.samples.map((cost) => cost.wall_seconds) ?? [];
  const [values, others] = [walls(contestant), walls(to)];
  return values.length > 0 && others.length > 0 ? medianRatio(values, others) : undefined;
}

export function fixed(value: number, digits = 2): string {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** For a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll("|", String.raw`\|`).replaceAll("\n", " ");
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  // Figures to the right, what they belong to on the left.
  const marks = head.map((_, index) => (index === 0 ? "---" : "--:"));
  return [line(head), `|${marks.join("|")}|`, ...rows.map(line)].join("\n");
}
