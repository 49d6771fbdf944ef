// The event type of a parsed document, by the configured paths. The byte scanner finds it on its way by the same rules.
import { MAX_EVENT_TYPE_BYTES } from "../../../shared/contracts/words.ts";
import type { Path } from "../../../shared/schema/types.ts";
import { classifyNumber, isStorable } from "../../../shared/shape/classify.ts";
import type { JsonValue } from "../../../shared/shape/parse-json.ts";

/** The event type that the first matching path gives; of members with the same key the last one counts. */
export function eventTypeOf(root: JsonValue, paths: readonly Path[]): string | undefined {
  for (const path of paths) {
    const value = path.reduce<JsonValue | undefined>(memberOf, root);
    const found = value && textOf(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return value?.type === "object" ? value.members.findLast((member) => member.key === key)?.value : undefined;
}

function textOf(value: JsonValue): string | undefined {
  if (value.type === "number") return classifyNumber(value.text).kind === "integer" ? value.text : undefined;
  return value.type === "string" && isEventType(value.value) ? value.value : undefined;
}

/** True when a string can be an event type. */
export function isEventType(text: string): boolean {
  return text.length > 0 && Buffer.byteLength(text) <= MAX_EVENT_TYPE_BYTES && isStorable(text);
}
