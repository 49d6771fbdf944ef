// The gathered objects of one attempt at a job, which may take some rounds: they are there as long as the attempt is, and are made anew when
// the job has other units than before.
import type { Clock } from "../../../shared/ports/clock.ts";
import type { LoadJob } from "../../../shared/ports/warehouse.ts";
import { unitText } from "../../../shared/warehouse/source-rules.ts";
import { partsGathered, type Telemetry } from "../events.ts";
import { gatherParts, hasMixedParts, type GatheredParts, type Gathering } from "./gather-parts.ts";

export interface GatheredTables {
  /** As asked, without mixed parts. */
  readonly tables: LoadJob["tables"];
  /** Units that cannot be loaded, and why. When there are any, nothing is to be loaded: ask again without them. */
  readonly failed: GatheredParts["failed"];
}

interface Held {
  readonly parts: GatheredParts;
  /** Which units they serve, and which of them are loaded into the same table. */
  readonly layout: string;
}

export class JobGathering implements AsyncDisposable {
  readonly #options: Gathering & { readonly telemetry: Telemetry; readonly clock: Clock };
  #held: Held | undefined;

  constructor(options: Gathering & { readonly telemetry: Telemetry; readonly clock: Clock }) {
    this.#options = options;
  }

  /** Throws as `gatherParts`. */
  async gather(tables: LoadJob["tables"]): Promise<GatheredTables> {
    if (!hasMixedParts(tables)) return { tables, failed: new Map() };
    const parts = await this.#partsFor(tables);
    return {
      tables: tables.map(({ plan, units }) => ({
        plan,
        units: units.map((unit) => ({
          ...unit,
          parts: parts.partsOf(unit),
          receiptParts: unit.parts.length,
        })),
      })),
      failed: parts.failed,
    };
  }

  async #partsFor(tables: LoadJob["tables"]): Promise<GatheredParts> {
    const layout = layoutOf(tables, new Map());
    if (this.#held?.layout === layout) return { ...this.#held.parts, failed: new Map() };
    await this.#remove();
    const { telemetry, clock, ...gathering } = this.#options;
    const started = clock.now().getTime();
    const parts = await gatherParts(tables, gathering);
    this.#held = { parts, layout: layoutOf(tables, parts.failed) };
    const seconds = (clock.now().getTime() - started) / 1000;
    partsGathered(telemetry, { batchId: gathering.batchId, ...parts.read, seconds });
    return parts;
  }

  /** A load that somebody may still be at reads the objects: they stay. */
  keep(): void {
    this.#held = undefined;
  }

  async #remove(): Promise<void> {
    await this.#held?.parts.remove();
    this.#held = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
  }
}

function layoutOf(tables: LoadJob["tables"], failed: GatheredParts["failed"]): string {
  const units = tables.map(({ units }) => units.filter((unit) => !failed.has(unit)).map(unitText));
  return JSON.stringify(units.filter((some) => some.length > 0));
}
