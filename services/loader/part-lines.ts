// The lines of one unit, with their numbers, read back from its parts.
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadUnit, UnitPart } from "../../shared/ports/warehouse.ts";
import { hasOthersLines, isUnitLine, partLineHead } from "../../shared/receipts/part-line.ts";
import { readPartLines } from "../../shared/receipts/read-part.ts";

export interface PartLine {
  readonly line: number;
  readonly bytes: Buffer;
}

/** The lines of `part` that belong to the unit, in order. Throws SOURCE_CORRUPT when a line is none of ours, or the unit has others than promised. */
export async function* readUnitLines(
  store: ObjectStore,
  bucket: string,
  unit: Pick<LoadUnit, "sourceId" | "eventType">,
  part: UnitPart,
  signal: AbortSignal,
): AsyncGenerator<PartLine, void, undefined> {
  const isShared = hasOthersLines(part);
  let seen = 0;
  let own = 0;
  for await (const bytes of readPartLines(store, bucket, part, signal)) {
    seen++;
    const head = partLineHead(bytes);
    if (!head) throw notOurs(part, unit.eventType, `line ${seen} of it has no line number`);
    if (isShared && !isUnitLine(unit, head)) continue;
    own++;
    yield { line: head.line, bytes };
  }
  if (own !== part.lines)
    throw notOurs(part, unit.eventType, `it has ${own} lines of the unit, not ${part.lines}`);
}

function notOurs(part: UnitPart, eventType: string, what: string): RouterError {
  return new RouterError("SOURCE_CORRUPT", `The part ${part.key} is not as its receipt says: ${what}.`, {
    details: { key: part.key, event_type: eventType },
  });
}
