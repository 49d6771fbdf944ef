// Which lock slot an event type belongs to. The same for every program and for ever: two loaders that disagree would load a unit twice.
import { createHash } from "node:crypto";

/** First four bytes of SHA-256 of the event type, modulo the number of slots. */
export function slotOf(eventType: string, slots: number): number {
  return createHash("sha256").update(eventType, "utf8").digest().readUInt32BE(0) % slots;
}

/** The slots of all these event types, ascending: the order in which everybody locks them. */
export function slotsOf(eventTypes: Iterable<string>, slots: number): readonly number[] {
  const all = new Set<number>();
  for (const eventType of eventTypes) all.add(slotOf(eventType, slots));
  return [...all].toSorted((a, b) => a - b);
}
