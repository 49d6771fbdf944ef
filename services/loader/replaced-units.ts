// Who deletes the rows of which older unit. Pure.
import type { Receipt } from "../../shared/contracts/receipt.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { LoadUnit, UnitKey } from "../../shared/ports/warehouse.ts";
import { unitsOf } from "../../shared/receipts/receipt-units.ts";

/** The units that a receipt promises. */
export function promisedUnits(receipt: Receipt, receiptKey: string): LoadUnit[] {
  return unitsOf(receipt).map(({ eventType, lines, parts }) => ({
    sourceId: receipt.source.id,
    generation: receipt.generation,
    eventType,
    receiptKey,
    lane: receipt.lane,
    lines,
    parts,
    source: receipt.source,
    replaces: [],
    rejectedLines: [],
  }));
}

/**
 * Gives every older unit to the new unit of its event type; for a type that has gone there is a unit of 0 lines. `isLoaded` says which of
 * the new units are in `loads` already: they can no longer delete anything, and none of theirs can be left over.
 */
export function withReplaced(
  units: readonly LoadUnit[],
  older: readonly UnitKey[],
  receipt: Receipt,
  receiptKey: string,
  isLoaded: (unit: UnitKey) => boolean,
): LoadUnit[] {
  const byType = new Map(units.map((unit) => [unit.eventType, unit]));
  for (const [eventType, replaced] of Map.groupBy(older, (unit) => unit.eventType)) {
    const unit = byType.get(eventType) ?? goneUnit(eventType, receipt, receiptKey);
    if (isLoaded(unit)) throw leftOver(unit);
    byType.set(eventType, { ...unit, replaces: replaced });
  }
  return [...byType.values()];
}

function goneUnit(eventType: string, receipt: Receipt, receiptKey: string): LoadUnit {
  const { source, generation, lane } = receipt;
  const nothing = { lines: 0, parts: [], replaces: [], rejectedLines: [] };
  return { ...nothing, sourceId: source.id, generation, eventType, receiptKey, lane, source };
}

function leftOver(unit: UnitKey): RouterError {
  return new RouterError(
    "ACCOUNTING_BROKEN",
    `Rows that ${unit.sourceId}/${unit.generation} should have replaced are still there, although it is loaded.`,
    { details: { source: unit.sourceId, generation: unit.generation, event_type: unit.eventType } },
  );
}
