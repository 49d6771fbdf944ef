// What the receipts that a run has loaded promise, as one digest each, so that the ledger can be held against it without reading them again.
import { hash } from "node:crypto";
import type { Receipt } from "../../shared/contracts/receipt.ts";
import type { LedgerRow, SourceRow } from "../../shared/ports/warehouse.ts";
import { unitsOf } from "../../shared/receipts/receipt-units.ts";

export class Promises {
  /** By source id; of the receipt read last. */
  readonly #digests = new Map<string, string>();

  add(receipt: Receipt): void {
    if (receipt.state !== "split") return;
    const { total, quarantined, dropped, blank } = receipt.lines;
    const units = unitsOf(receipt).map(({ eventType, lines }) => [eventType, lines] as const);
    const counts = [receipt.generation, total, quarantined, dropped, blank];
    this.#digests.set(receipt.source.id, digestOf(counts, units));
  }

  /**
   * True when the ledger has the source as loaded, each unit that the receipt promised once, with its lines, and no other, and the receipt's
   * other counts: then it balances, for the receipt did. False says nothing: of many sources nobody here has read the receipt. `row` is the
   * row of `sources` that counts, `loads` are all rows of `loads` with its id.
   */
  areKept(row: SourceRow, loads: readonly LedgerRow[]): boolean {
    const promised = row.state === "loaded" ? this.#digests.get(row.sourceId) : undefined;
    if (promised === undefined) return false;
    const active = loads.filter(({ replacedBy }) => replacedBy === undefined);
    if (active.some(({ generation }) => generation !== row.generation)) return false;
    // Units without lines have deleted the rows of older ones; no receipt promises them.
    const units = active
      .map(({ eventType, rows, rejected }) => [eventType, rows + rejected] as const)
      .filter(([, lines]) => lines > 0);
    const counts = [row.generation, row.lines, row.quarantined, row.dropped, row.blank];
    return digestOf(counts, units) === promised;
  }
}

function digestOf(counts: readonly number[], units: readonly (readonly [string, number])[]): string {
  const sorted = units.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return hash("sha256", JSON.stringify([counts, sorted]), "base64");
}
