// Takes the lines that the warehouse refuses out of a unit and into quarantine, so that their neighbours load. The quarantine object is
// durable before the load that leaves its lines out begins, and has that load's batch id in its key.
import { createHash } from "node:crypto";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadJob, LoadUnit, RefusedLine, UnitPart, Warehouse } from "../../shared/ports/warehouse.ts";
import { linesRejected, type Telemetry } from "./events.ts";
import { findRefusedLines, MAX_REFUSED_LINES } from "./find-refused-lines.ts";
import { readUnitLines } from "./part-lines.ts";
import { putRefusedLines } from "./put-refused-lines.ts";
import { ScratchParts } from "./scratch-parts.ts";

export interface LineRejecterOptions {
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly warehouse: Warehouse;
  readonly telemetry: Telemetry;
}

export interface Refusal {
  readonly reason: string;
  readonly lines: readonly RefusedLine[];
}

/** A unit to be loaded in place of one that was refused. Disposed of when the load has ended, whatever its end. */
export interface CleanedUnit extends AsyncDisposable {
  /** With `rejectedLines`, and with parts that do not have them. */
  readonly unit: LoadUnit;
  readonly batchId: string;
}

export class LineRejecter {
  readonly #options: LineRejecterOptions;

  constructor(options: LineRejecterOptions) {
    this.#options = options;
  }

  /** `job` is the staged load of this unit alone that was refused. Throws WAREHOUSE_REFUSED when no single lines are to blame. */
  async reject(unit: LoadUnit, job: LoadJob, refusal: Refusal, signal: AbortSignal): Promise<CleanedUnit> {
    const { store, bucket, telemetry } = this.#options;
    await using stack = new AsyncDisposableStack();
    const scratch = stack.adopt(new ScratchParts(store, bucket), (parts) => parts.remove());
    const lines = await this.#find(unit, job, refusal, scratch, signal);
    const batchId = rejectingBatchId(unit, lines);
    const rejected = { ...unit, rejectedLines: lines };
    const key = await putRefusedLines(store, bucket, rejected, batchId, refusal.reason, signal);
    const parts = await this.#without(unit, new Set(lines), scratch, signal);
    linesRejected(telemetry, rejected, key, refusal.reason);
    const held = stack.move();
    return { unit: { ...rejected, parts }, batchId, [Symbol.asyncDispose]: () => held.disposeAsync() };
  }

  async #find(
    unit: LoadUnit,
    job: LoadJob,
    refusal: Refusal,
    scratch: ScratchParts,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const known = new Set<number>();
    const takesParts = async (parts: readonly UnitPart[]): Promise<boolean> => {
      const lines = parts.reduce((sum, part) => sum + part.lines, 0);
      const named = await this.#refusedOf(
        { ...unit, parts, lines, rejectedLines: [] },
        job,
        refusal.reason,
        signal,
      );
      for (const { line } of named ?? []) known.add(line);
      return named === undefined;
    };
    for (const { line } of refusal.lines) known.add(line);
    // A warehouse that names its lines is asked again until it is content.
    for (let before = 0; known.size > before && known.size <= MAX_REFUSED_LINES;) {
      before = known.size;
      const parts = await this.#without(unit, known, scratch, signal);
      if (await takesParts(parts)) return [...known].toSorted((a, b) => a - b);
    }
    return await findRefusedLines({
      parts: unit.parts,
      takesParts,
      takesLines: async (part, lines) => {
        const kept = new Set(lines);
        const some = await scratch.write(unit, part, (line) => kept.has(line), signal);
        const isTaken = await takesParts([some]);
        await scratch.remove(some);
        return isTaken;
      },
      linesOf: (part) => this.#linesOf(unit, part, signal),
    });
  }

  /** The lines that the warehouse names when it refuses the unit, perhaps none; undefined when it would take it. */
  async #refusedOf(
    unit: LoadUnit,
    job: LoadJob,
    reason: string,
    signal: AbortSignal,
  ): Promise<readonly RefusedLine[] | undefined> {
    const { warehouse } = this.#options;
    const { plan } = job.tables[0]!;
    if (!warehouse.probe) throw cannotProbe(reason);
    const result = await warehouse.probe({ ...job, tables: [{ plan, units: [unit] }] }, signal);
    if (result.kind === "stale") throw staleProbe();
    return result.kind === "refused" ? (result.lines ?? []) : undefined;
  }

  /** The unit's parts, those with refused lines written anew without them. */
  async #without(
    unit: LoadUnit,
    refused: ReadonlySet<number>,
    scratch: ScratchParts,
    signal: AbortSignal,
  ): Promise<readonly UnitPart[]> {
    const parts: UnitPart[] = [];
    for (const part of unit.parts) {
      const lines = await this.#linesOf(unit, part, signal);
      const kept = lines.filter((line) => !refused.has(line)).length;
      if (kept === lines.length) parts.push(part);
      else if (kept > 0) parts.push(await scratch.write(unit, part, (line) => !refused.has(line), signal));
    }
    return parts;
  }

  async #linesOf(unit: LoadUnit, part: UnitPart, signal: AbortSignal): Promise<readonly number[]> {
    const { store, bucket } = this.#options;
    const lines: number[] = [];
    for await (const { line } of readUnitLines(store, bucket, unit, part, signal)) lines.push(line);
    return lines;
  }
}

/** The same unit and the same lines give the same batch id, hence the same quarantine object: finding them again after a crash adds nothing. */
function rejectingBatchId(unit: LoadUnit, lines: readonly number[]): string {
  const text = JSON.stringify([unit.sourceId, unit.generation, unit.eventType, lines]);
  return `load-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

function cannotProbe(reason: string): RouterError {
  return new RouterError(
    "WAREHOUSE_REFUSED",
    `The warehouse refuses the unit and cannot say which lines: ${reason}.`,
  );
}

function staleProbe(): RouterError {
  return new RouterError("CATALOG_STALE", "The table was changed while refused lines were looked for.", {
    retryable: true,
  });
}
