// The accounting of one source: what its receipts promise against what the ledger has.
import type { LedgerRow, SourceRow } from "../../shared/ports/warehouse.ts";
import type { LedgerGroup } from "./ledger-groups.ts";
import type { LineCounts } from "./line-counts.ts";
import { countingRow } from "./source-pages.ts";
import type { ReceiptGroup, ReceiptSummary } from "./receipt-groups.ts";

export interface SourceVerdict {
  readonly id: string;
  readonly generation: number;
  readonly key: string;
  readonly state: SourceRow["state"] | "unloaded";
  readonly counts: LineCounts;
  /** Rows of units that nothing has replaced. */
  readonly activeRows: number;
  /** What does not balance. */
  readonly problem?: string;
  /** Why a source that balances has no rows. */
  readonly reason?: string;
}

/** What receipts and ledger say about one source; at least one of them speaks of it. */
export function auditSource(
  id: string,
  written: ReceiptGroup | undefined,
  ledger: LedgerGroup | undefined,
): SourceVerdict {
  const receipts = written?.receipts ?? [];
  const newest = receipts.at(-1);
  const rows = ledger?.sources ?? [];
  const row = countingRow(rows);
  const settled = rows.at(-1)?.generation ?? -1;
  const active = (ledger?.loads ?? []).filter((unit) => unit.replacedBy === undefined);
  // The ledger may be a generation behind the receipts while the new one is on its way.
  const receipt = receipts.find(({ generation }) => generation === row?.generation) ?? newest;
  const counts = countsOf(receipt, row, active);
  const reason = failureText(receipt) ?? row?.reason;
  const problem = written?.broken[0]?.reason ?? problemOf(receipt, newest, row, settled, active, counts);
  return {
    id,
    generation: row?.generation ?? newest?.generation ?? 0,
    key: row?.key ?? newest?.source.key ?? "",
    state: row?.state ?? "unloaded",
    counts,
    activeRows: sum(active, "rows"),
    ...(problem === undefined ? {} : { problem }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function failureText(receipt: ReceiptSummary | undefined): string | undefined {
  const failure = receipt?.failure;
  return failure && `${failure.message}, after line ${failure.after_line}, byte ${failure.after_byte}`;
}

function countsOf(
  receipt: ReceiptSummary | undefined,
  row: SourceRow | undefined,
  active: readonly LedgerRow[],
): LineCounts {
  return {
    lines: receipt?.lines.total ?? row?.lines ?? 0,
    rows: sum(active, "rows"),
    rejected: sum(active, "rejected"),
    quarantined: receipt?.lines.quarantined ?? row?.quarantined ?? 0,
    dropped: receipt?.lines.dropped ?? row?.dropped ?? 0,
    blank: receipt?.lines.blank ?? row?.blank ?? 0,
  };
}

function problemOf(
  receipt: ReceiptSummary | undefined,
  newest: ReceiptSummary | undefined,
  row: SourceRow | undefined,
  settled: number,
  active: readonly LedgerRow[],
  counts: LineCounts,
): string | undefined {
  if (!row) {
    const loaded = active.length > 0 ? `, though ${active.length} of its units are loaded` : "";
    return `its receipt waits to be loaded${loaded}`;
  }
  if (!receipt || receipt.generation !== row.generation)
    return `the receipt of generation ${row.generation} is missing`;
  if (newest && newest.generation > settled && row.state !== "replaced") {
    return `its generation ${newest.generation} waits to be loaded`;
  }
  if (row.state === "loading") return "it is being loaded";
  if (row.state !== "loaded") {
    return active.length > 0
      ? `it is ${row.state}, but has ${sum(active, "rows")} rows in the tables`
      : undefined;
  }
  return unitProblem(receipt, active) ?? ledgerProblem(receipt, row) ?? equationProblem(counts);
}

/** Every unit that the receipt promises is in the ledger once, with its lines, and no other. */
function unitProblem(receipt: ReceiptSummary, active: readonly LedgerRow[]): string | undefined {
  const promised = new Map(receipt.units.map(({ eventType, lines }) => [eventType, lines]));
  for (const unit of active) {
    const type = JSON.stringify(unit.eventType);
    if (unit.generation !== receipt.generation)
      return `a unit of generation ${unit.generation} (${type}) was not replaced`;
    const lines = promised.get(unit.eventType) ?? 0;
    if (unit.rows + unit.rejected !== lines) {
      return `of ${type}, ${lines} lines were promised, ${unit.rows} rows and ${unit.rejected} rejected are in the ledger`;
    }
    promised.delete(unit.eventType);
  }
  const [missing] = promised;
  return missing && `of ${JSON.stringify(missing[0])}, ${missing[1]} lines were promised and never loaded`;
}

/** The row in `sources` says the same as the receipt. */
function ledgerProblem(receipt: ReceiptSummary, row: SourceRow): string | undefined {
  const pairs: readonly [name: string, receipt: number, ledger: number][] = [
    ["lines", receipt.lines.total, row.lines],
    ["quarantined", receipt.lines.quarantined, row.quarantined],
    ["dropped", receipt.lines.dropped, row.dropped],
    ["blank", receipt.lines.blank, row.blank],
  ];
  const different = pairs.find(([, a, b]) => a !== b);
  return different && `the receipt has ${different[1]} ${different[0]}, the ledger ${different[2]}`;
}

function equationProblem(counts: LineCounts): string | undefined {
  const { lines, rows, rejected, quarantined, dropped, blank } = counts;
  if (lines === rows + rejected + quarantined + dropped + blank) return undefined;
  return `${lines} lines are not ${rows} rows + ${rejected} rejected + ${quarantined} quarantined + ${dropped} dropped + ${blank} blank`;
}

function sum(units: readonly LedgerRow[], name: "rows" | "rejected"): number {
  return units.reduce((total, unit) => total + unit[name], 0);
}
