// The event types met so far, numbered, with what is needed of each for every line: its fate and its bytes in the part line.
import { EVENT_TYPE_MEMBER } from "../../../shared/contracts/words.ts";
import type { Fate, ScanOptions } from "./contract.ts";

export class TypeTable {
  readonly names: string[] = [];
  readonly fates: Fate[] = [];
  /** `,"_lr_event_type":"…",` of each type, with the comma that the first member needs. */
  readonly members: Uint8Array[] = [];
  readonly #ids = new Map<string, number>();
  readonly #fate: ScanOptions["fate"];

  constructor(fate: ScanOptions["fate"]) {
    this.#fate = fate;
  }

  /** The number of an event type; the first free one when it is new. */
  id(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.names.length;
    this.#ids.set(name, id);
    this.names.push(name);
    this.fates.push(this.#fate(name));
    this.members.push(Buffer.from(`,"${EVENT_TYPE_MEMBER}":${JSON.stringify(name)},`));
    return id;
  }

  /** Forgets all types; numbers start anew. */
  clear(): void {
    this.names.length = 0;
    this.fates.length = 0;
    this.members.length = 0;
    this.#ids.clear();
  }
}
