// Tables for people: as wide as their content, and never wider than the terminal.
import Table from "cli-table3";
import type { CliContext } from "../context.ts";
import { displayWidth } from "./display-width.ts";

export interface TableColumn {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut with `…` when the terminal is too narrow, down to this many characters. Default: never cut. */
  readonly shrinkTo?: number;
}

const GAP = 2;
const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ".repeat(GAP),
};

/** The table with a line end, titles dimmed. Where stdout is no terminal the width is not limited. Cells must be printable. */
export function table(
  context: Pick<CliContext, "stdout" | "colours">,
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): string {
  const limit = context.stdout.isTTY ? (context.stdout.columns ?? 80) : Number.MAX_SAFE_INTEGER;
  const widths = fitted(columns, naturalWidths(columns, rows), limit);
  const grid = new Table({
    head: columns.map(({ title }) => context.colours.dim(title)),
    colWidths: widths,
    colAligns: columns.map(({ align }) => align ?? "left"),
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    chars: NO_LINES,
    truncate: "…",
  });
  grid.push(...rows.map((row) => [...row]));
  const lines = grid.toString().split("\n");
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function naturalWidths(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): number[] {
  return columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[index] ?? ""))),
  );
}

/** Takes from the widest column that may shrink until the table fits, or nothing more may be taken. */
function fitted(columns: readonly TableColumn[], natural: readonly number[], limit: number): number[] {
  const widths = [...natural];
  const total = (): number => widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
  while (total() > limit) {
    let widest = -1;
    for (const [index, { shrinkTo }] of columns.entries()) {
      const mayShrink =
        shrinkTo !== undefined && widths[index]! > Math.max(shrinkTo, displayWidth(columns[index]!.title));
      if (mayShrink && (widest === -1 || widths[index]! > widths[widest]!)) widest = index;
    }
    if (widest === -1) break;
    widths[widest]! -= 1;
  }
  return widths;
}
