// What every line of a part begins with (DESIGN.md 3): where it comes from and what it is, told without parsing the rest of it.
import { EVENT_TYPE_MEMBER, LINE_MEMBER, SOURCE_MEMBER } from "../contracts/words.ts";
import type { LoadUnit, UnitPart } from "../ports/warehouse.ts";

export interface PartLineHead {
  readonly sourceId: string;
  readonly line: number;
  readonly eventType: string;
}

const HEAD = new RegExp(
  `^\\{"${SOURCE_MEMBER}":"([0-9a-f]{32})","${LINE_MEMBER}":([1-9][0-9]*),"${EVENT_TYPE_MEMBER}":("(?:[^"\\\\]|\\\\.)*")`,
);
/** Longest head: an event type of 200 bytes, each escaped. */
const HEAD_BYTES = 2_048;

/** Undefined for a line that does not begin as part lines do; what follows may be anything. */
export function partLineHead(bytes: Buffer): PartLineHead | undefined {
  const match = HEAD.exec(bytes.subarray(0, HEAD_BYTES).toString("utf8"));
  if (!match) return undefined;
  try {
    const eventType: unknown = JSON.parse(match[3]!);
    return { sourceId: match[1]!, line: Number(match[2]), eventType: String(eventType) };
  } catch {
    return undefined;
  }
}

/** True where the part may have lines that are not the unit's: whoever reads it goes by the lines. */
export function hasOthersLines(part: UnitPart): boolean {
  return part.mixedLines !== undefined || part.gathered === true;
}

/** Whether a line of a part that has others' lines too is the unit's. */
export function isUnitLine(
  unit: Pick<LoadUnit, "sourceId" | "eventType">,
  { sourceId, eventType }: Pick<PartLineHead, "sourceId" | "eventType">,
): boolean {
  return sourceId === unit.sourceId && eventType === unit.eventType;
}
