// From a receipt to the units that the loader loads.
import type { Receipt } from "../contracts/receipt.ts";
import type { UnitPart } from "../ports/warehouse.ts";

/** One event type of one receipt. */
export interface ReceiptUnit {
  readonly eventType: string;
  readonly lines: number;
  readonly parts: readonly UnitPart[];
}

/**
 * The units of a receipt in the order of their first parts; none when it is failed or ignored. `lines` of a part count this event
 * type's lines only; `mixedLines` all of them, where there are others.
 */
export function unitsOf(receipt: Receipt): readonly ReceiptUnit[] {
  if (receipt.state !== "split") return [];
  const units = new Map<string, { eventType: string; lines: number; parts: UnitPart[] }>();
  for (const { key, bytes, compression, types } of receipt.parts) {
    const all = types.reduce((sum, { lines }) => sum + lines, 0);
    const mixed = types.length > 1 ? { mixedLines: all } : {};
    for (const { event_type: eventType, lines } of types) {
      let unit = units.get(eventType);
      if (!unit) units.set(eventType, (unit = { eventType, lines: 0, parts: [] }));
      unit.lines += lines;
      unit.parts.push({ key, bytes, lines, compression, ...mixed });
    }
  }
  return [...units.values()];
}
