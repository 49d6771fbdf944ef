// Mixed parts have lines of many event types: each is read once here, whatever number of a job's units name it, and its lines are gathered in
// objects by table, which any warehouse loads as it loads parts (UnitPart.gathered). The lines are bytes throughout.
import { RouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../../shared/ports/object-store.ts";
import type { LoadJob, LoadUnit, UnitPart } from "../../../shared/ports/warehouse.ts";
import { decompressedNow, decompressPart } from "../../../shared/receipts/read-part.ts";
import { eachPart } from "./each-part.ts";
import { GatheredObjects, type GatheredTable } from "./gathered-objects.ts";
import { MixedPartLines, NotAsPromised, type LineTaker } from "./mixed-part-lines.ts";
import { TypeTexts } from "./type-texts.ts";

export interface Gathering {
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly batchId: string;
  readonly signal: AbortSignal;
}

/** What was gathered for a job. */
export interface GatheredParts {
  /** Units with a part that is not there or not what its receipt says, and why: nothing was gathered for them. */
  readonly failed: ReadonlyMap<LoadUnit, RouterError>;
  /** Mixed parts that were read, and lines taken from them. */
  readonly read: { readonly parts: number; readonly lines: number };
  /** The parts of a unit, gathered ones in place of the mixed ones. */
  partsOf(unit: LoadUnit): readonly UnitPart[];
  /** To be called when nothing reads the gathered objects any more; they stay otherwise, and `gc` removes them. */
  remove(): Promise<void>;
}

type Tables = LoadJob["tables"];

/**
 * Gathers the lines of the job's mixed parts. Rejects with what the store throws and may pass, and with the signal's reason, nothing being left;
 * of what is wrong with a part only the units that name it fail.
 */
export async function gatherParts(tables: Tables, gathering: Gathering): Promise<GatheredParts> {
  const failed = new Map<LoadUnit, RouterError>();
  for (;;) {
    const round = new Round(gathering, tables.length);
    const found = await round.gather(mixedParts(tables, failed).values());
    if (round.failed.size === 0) {
      const partsOf = (unit: LoadUnit): readonly UnitPart[] => gatheredParts(unit, found);
      return { failed, read: round.read, partsOf, remove: () => round.objects.remove() };
    }
    // Lines of theirs may be among those gathered, and no line must be there that no unit claims: all over again, without them.
    await round.objects.remove();
    for (const [unit, error] of round.failed) failed.set(unit, error);
  }
}

/** True when the job names a mixed part. */
export function hasMixedParts(tables: Tables): boolean {
  return tables.some(({ units }) => units.some(({ parts }) => parts.some(isMixed)));
}

const isMixed = (part: UnitPart): boolean => part.mixedLines !== undefined;

interface MixedPart {
  readonly key: string;
  readonly bytes: number;
  readonly part: UnitPart;
  /** With this part as they name it. */
  readonly named: { readonly unit: LoadUnit; readonly table: number; readonly lines: number }[];
}

function mixedParts(tables: Tables, failed: ReadonlyMap<LoadUnit, unknown>): ReadonlyMap<string, MixedPart> {
  const parts = new Map<string, MixedPart>();
  for (const [table, { units }] of tables.entries()) {
    for (const unit of units) {
      if (failed.has(unit)) continue;
      for (const part of unit.parts.filter(isMixed)) {
        const { key, bytes, lines } = part;
        let mixed = parts.get(key);
        if (!mixed) parts.set(key, (mixed = { key, bytes, part, named: [] }));
        mixed.named.push({ unit, table, lines });
      }
    }
  }
  return parts;
}

/** Lines of one unit in one part. */
class UnitLines implements LineTaker {
  lines = 0;
  readonly #unit: LoadUnit;
  readonly #table: GatheredTable;

  constructor(unit: LoadUnit, table: GatheredTable) {
    this.#unit = unit;
    this.#table = table;
  }

  take(bytes: Buffer, from: number, to: number, lines: number): void {
    this.lines += lines;
    this.#table.append(this.#unit, bytes, from, to, lines);
  }
}

/** One pass over all mixed parts. */
class Round {
  readonly failed = new Map<LoadUnit, RouterError>();
  readonly objects: GatheredObjects;
  readonly read = { parts: 0, lines: 0 };
  readonly #gathering: Gathering;
  readonly #types = new TypeTexts<LineTaker>();

  constructor(gathering: Gathering, tables: number) {
    const { store, bucket, batchId, signal } = gathering;
    this.#gathering = gathering;
    this.objects = new GatheredObjects(store, bucket, batchId, tables, signal);
  }

  async gather(parts: Iterable<MixedPart>): Promise<ReadonlyMap<LoadUnit, readonly UnitPart[]>> {
    await using objects = this.objects;
    try {
      await eachPart(parts, (part) => this.#guarded(part));
      return await objects.finish();
    } catch (error) {
      await objects.remove();
      throw error;
    }
  }

  /** What is for ever wrong with a part is the affair of those who name it; anything else may pass. */
  async #guarded(mixed: MixedPart): Promise<void> {
    try {
      await this.#read(mixed);
    } catch (error) {
      const { signal } = this.#gathering;
      signal.throwIfAborted();
      const cause = error instanceof NotAsPromised ? notAsPromised(mixed, error.message) : error;
      if (!(cause instanceof RouterError) || cause.retryable) throw error;
      for (const { unit } of mixed.named) this.failed.set(unit, cause);
    }
  }

  async #read({ key, part, named }: MixedPart): Promise<void> {
    const { store, bucket, signal } = this.#gathering;
    const stored = await store.getBytes({ bucket, key }, signal);
    const takers = new Map<string, UnitLines>();
    for (const { unit, table } of named)
      takers.set(unit.eventType, new UnitLines(unit, this.objects.tables[table]!));
    const lines = new MixedPartLines(named[0]!.unit.sourceId, takers, this.#types);
    const small = decompressedNow(stored, part);
    if (small) {
      // Without a wait: the next part, whosever it is, is decompressed over this one.
      lines.take(small);
      lines.end();
      await this.objects.room();
    } else {
      for await (const chunk of decompressPart(stored, part)) {
        lines.take(chunk);
        await this.objects.room();
      }
      lines.end();
    }
    if (lines.lines !== part.mixedLines)
      throw new NotAsPromised(`it has ${lines.lines} lines, not ${part.mixedLines}`);
    for (const { unit, lines: promised } of named) {
      const { lines: found } = takers.get(unit.eventType)!;
      if (found !== promised)
        throw new NotAsPromised(
          `it has ${found} lines of ${JSON.stringify(unit.eventType)}, not ${promised}`,
        );
      this.read.lines += found;
    }
    this.read.parts++;
  }
}

function notAsPromised({ key, named }: MixedPart, why: string): RouterError {
  return new RouterError("SOURCE_CORRUPT", `The part ${key} is not as its receipt says: ${why}.`, {
    details: { key, source: named[0]!.unit.sourceId },
  });
}

function gatheredParts(
  unit: LoadUnit,
  found: ReadonlyMap<LoadUnit, readonly UnitPart[]>,
): readonly UnitPart[] {
  return [...(found.get(unit) ?? []), ...unit.parts.filter((part) => !isMixed(part))];
}
