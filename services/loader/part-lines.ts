// The lines of one unit, with their numbers, read back from its parts.
import { SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER } from "../../shared/contracts/words.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadUnit, UnitPart } from "../../shared/ports/warehouse.ts";
import { readPartLines } from "../../shared/receipts/read-part.ts";

export interface PartLine {
  readonly line: number;
  readonly bytes: Buffer;
}

/** What every part line begins with (DESIGN.md 3). */
const PREFIX = new RegExp(
  `^\\{"${SOURCE_MEMBER}":"[0-9a-f]{32}","${LINE_MEMBER}":([1-9][0-9]*),"${EVENT_TYPE_MEMBER}":"((?:[^"\\\\]|\\\\.)*)"`,
);
/** Longest prefix: an event type of 200 bytes, each escaped. */
const PREFIX_BYTES = 2_048;

/** The lines of `part` that belong to the unit, in order. Throws SOURCE_CORRUPT when a line is none of ours. */
export async function* readUnitLines(
  store: ObjectStore,
  bucket: string,
  unit: Pick<LoadUnit, "eventType">,
  part: UnitPart,
  signal: AbortSignal,
): AsyncGenerator<PartLine, void, undefined> {
  let seen = 0;
  for await (const bytes of readPartLines(store, bucket, part, signal)) {
    const match = PREFIX.exec(bytes.subarray(0, PREFIX_BYTES).toString("utf8"));
    if (!match) throw notOurs(part, seen + 1);
    seen++;
    yield { line: Number(match[1]), bytes };
  }
  // A part of several event types needs more than its own lines to say which are the unit's; version 1 of the receipt has none such.
  if (seen !== part.lines) throw notOurs(part, seen, unit.eventType);
}

function notOurs(part: UnitPart, at: number, eventType?: string): RouterError {
  const what =
    eventType === undefined ? `line ${at} of it has no line number` : `it has ${at} lines, not ${part.lines}`;
  return new RouterError("SOURCE_CORRUPT", `The part ${part.key} is not as its receipt says: ${what}.`, {
    details: { key: part.key, event_type: eventType },
  });
}
