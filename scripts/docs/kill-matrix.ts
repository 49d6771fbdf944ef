// The part of docs/delivery-guarantees.md between the markers: every kill point of the code, and what the last whole run of the matrix came to.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KillPoint, WorkerName } from "../../test/chaos/matrix/kill-point.ts";
import { KILL_POINTS } from "../../test/chaos/matrix/points.ts";
import { runName, storedResults } from "../../test/chaos/matrix/results.ts";
import { isGood, type Outcome } from "../../test/chaos/matrix/run-point.ts";

const PAGE = join(import.meta.dirname, "../../docs/delivery-guarantees.md");
const BEGIN = "<!-- kill matrix: written by `make docs` -->";
const END = "<!-- end of the kill matrix -->";

const TITLES: Readonly<Record<WorkerName, string>> = { splitter: "The splitter", loader: "The loader" };

/** The whole page, with the section as the code and the stored results have it. */
export function deliveryGuaranteesPage(): string {
  const page = readFileSync(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/delivery-guarantees.md has lost its marks: ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${killMatrixSection()}\n${END}${after}`;
}

function killMatrixSection(): string {
  const { emulator, outcomes } = storedResults();
  const byRun = new Map(outcomes.map((outcome) => [runName(outcome), outcome]));
  const good = outcomes.filter(isGood).length;
  const planned = KILL_POINTS.reduce((sum, { occurrences = [1] }) => sum + occurrences.length, 0);
  const tables = (["splitter", "loader"] as const).flatMap((worker) => [
    `### ${TITLES[worker]}, killed at each of its points`,
    "",
    "| point | killed when | what is at stake | kills |",
    "|---|---|---|---|",
    ...KILL_POINTS.filter((point) => point.worker === worker).map((point) => row(point, byRun)),
    "",
  ]);
  return [
    `${KILL_POINTS.length} points, ${planned} kills; the last run, on ${emulator || "no emulator yet"}: ${good} of ${planned} ended as if nothing had happened.`,
    "",
    ...tables,
  ].join("\n");
}

function row(point: KillPoint, byRun: ReadonlyMap<string, Outcome>): string {
  const kills = (point.occurrences ?? [1]).map((occurrence) => {
    const outcome = byRun.get(runName({ worker: point.worker, point: point.name, occurrence }));
    const end = outcome === undefined ? "not run" : isGood(outcome) ? "✓" : "✗";
    return `${ordinal(occurrence)} ${end}`;
  });
  return `| \`${point.name}\` | ${point.after} | ${point.why} | ${kills.join(", ")} |`;
}

function ordinal(n: number): string {
  return ["1st", "2nd", "3rd"][n - 1] ?? `${n}th`;
}
