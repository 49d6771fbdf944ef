// The matrix for people: one line a run, and what went wrong below the line.
import { isGood, type Outcome } from "./run-point.ts";

const mark = (isTrue: boolean): string => (isTrue ? "✓" : "✗");

const WIDTHS = { worker: 8, point: 28, occurrence: 3 };

export const MATRIX_HEADER = [
  "worker".padEnd(WIDTHS.worker),
  "killed after".padEnd(WIDTHS.point),
  "no.",
  "killed  restarted  audit  documents  seconds",
].join("  ");

export function outcomeLine(outcome: Outcome): string {
  const { worker, point, occurrence, killed, restarted, audit, documents, seconds, problems } = outcome;
  const line = [
    worker.padEnd(WIDTHS.worker),
    point.padEnd(WIDTHS.point),
    String(occurrence).padStart(WIDTHS.occurrence),
    `${mark(killed).padEnd(6)}  ${mark(restarted).padEnd(9)}  ${mark(audit).padEnd(5)}  ${mark(documents).padEnd(9)}  ${seconds.toFixed(1).padStart(7)}`,
  ].join("  ");
  return isGood(outcome) ? line : [line, ...problems.map((text) => `    ${text}`)].join("\n");
}

export function summaryLine(outcomes: readonly Outcome[]): string {
  const good = outcomes.filter(isGood).length;
  const points = new Set(outcomes.map(({ worker, point }) => `${worker} ${point}`)).size;
  return `${good} of ${outcomes.length} kills at ${points} points ended as if nothing had happened`;
}
