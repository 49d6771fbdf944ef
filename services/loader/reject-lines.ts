// Takes the lines that the warehouse refuses out of a unit and into quarantine, so that their neighbours load. The quarantine object is
// durable before the load that leaves its lines out begins, and has that load's batch id in its key.
import { createHash } from "node:crypto";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadJob, LoadUnit, RefusedLine, Warehouse } from "../../shared/ports/warehouse.ts";
import { linesRejected, type Telemetry } from "./events.ts";
import { findRefusedLines, MAX_REFUSED_LINES } from "./find-refused-lines.ts";
import { readUnitLines } from "./part-lines.ts";
import { putRefusedLines } from "./put-refused-lines.ts";
import type { UnitWork } from "./work.ts";

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

export class LineRejecter {
  readonly #options: LineRejecterOptions;

  constructor(options: LineRejecterOptions) {
    this.#options = options;
  }

  /**
   * Gives the unit its `rejectedLines` and returns the batch id to load it with. `job` is the staged load of this unit alone that was
   * refused. Throws WAREHOUSE_REFUSED when no single lines are to blame; the unit is unchanged then.
   */
  async reject(unit: UnitWork, job: LoadJob, refusal: Refusal, signal: AbortSignal): Promise<string> {
    const lines = await this.#find(unit.unit, job, refusal, signal);
    const batchId = rejectingBatchId(unit.unit, lines);
    const rejected = { ...unit.unit, rejectedLines: lines };
    const { store, bucket, telemetry } = this.#options;
    const key = await putRefusedLines(store, bucket, rejected, batchId, refusal.reason, signal);
    unit.unit = rejected;
    linesRejected(telemetry, rejected, key, refusal.reason);
    return batchId;
  }

  async #find(
    unit: LoadUnit,
    job: LoadJob,
    refusal: Refusal,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const { warehouse } = this.#options;
    const { plan } = job.tables[0]!;
    const known = new Set<number>();
    const probe = async (probed: LoadUnit): Promise<boolean> => {
      if (!warehouse.probe) throw cannotProbe(refusal.reason);
      const result = await warehouse.probe({ ...job, tables: [{ plan, units: [probed] }] }, signal);
      if (result.kind === "stale") throw staleProbe();
      if (result.kind === "refused") addLines(known, result.lines);
      return result.kind === "accepted";
    };
    addLines(known, refusal.lines);
    // A warehouse that names its lines is asked again until it is content.
    for (let before = 0; known.size > before && known.size <= MAX_REFUSED_LINES;) {
      before = known.size;
      if (await probe({ ...unit, rejectedLines: [...known] })) return [...known].toSorted((a, b) => a - b);
    }
    return await findRefusedLines({
      unit,
      accepts: probe,
      linesOf: (part) => this.#linesOf(unit, part, signal),
    });
  }

  async #linesOf(
    unit: LoadUnit,
    part: LoadUnit["parts"][number],
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const { store, bucket } = this.#options;
    const lines: number[] = [];
    for await (const { line } of readUnitLines(store, bucket, unit, part, signal)) lines.push(line);
    return lines;
  }
}

function addLines(known: Set<number>, lines: readonly RefusedLine[] | undefined): void {
  for (const { line } of lines ?? []) known.add(line);
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
