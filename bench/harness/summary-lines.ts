// What a person who waits for the benchmark sees of a case.
import { summarise, type CaseResult } from "./result.ts";

export function summaryLines(of: CaseResult): string[] {
  const head = row(`  medians of ${of.rounds}, ratios to ${of.baseline}`, [
    "wall s",
    "CPU s",
    "peak MiB",
    "MB/s",
    "wall ratio",
    "(range)",
    "CPU ratio",
  ]);
  return [head, ...of.contestants.map(({ id, title, absent }) => line(of, id, title, absent))];
}

function line(of: CaseResult, id: string, title: string, absent: string | undefined): string {
  const summary = summarise(of, id);
  if (!summary) return row(`  ${title}`, [absent ?? "no figures"]);
  const [low, high] = summary.wallRatios;
  return row(`  ${title}`, [
    summary.wallSeconds.toFixed(2),
    summary.cpuSeconds.toFixed(2),
    summary.peakMib.toFixed(0),
    summary.megabytesPerSecond.toFixed(0),
    summary.wallRatio.toFixed(2),
    `${low.toFixed(2)}–${high.toFixed(2)}`,
    summary.cpuRatio.toFixed(2),
  ]);
}

function row(title: string, cells: readonly string[]): string {
  return `${title.replaceAll("\\", "").padEnd(66)}${cells.map((cell) => cell.padStart(12)).join("")}`;
}
