// From batches to a load job: which table each event type goes to, what the tables must become (changed on the way), and how each is
// loaded. Planning is pure; what somebody else has changed meanwhile makes it begin again.
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Config } from "../../shared/config/schema.ts";
import { OTHER_EVENT_TYPE } from "../../shared/contracts/words.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";
import { assignTables, planTable, type TablePlan } from "../../shared/schema/plan-table.ts";
import type { Catalog, TableChange, TableLoadPlan } from "../../shared/schema/types.ts";
import { shapeToJson } from "../../shared/shape/shape-json.ts";
import { mergeShape, Shape } from "../../shared/shape/shape.ts";
import type { CatalogCache } from "./catalog-cache.ts";
import { schemaChanged, warned, type Telemetry } from "./events.ts";
import type { UnitWork } from "./work.ts";

/** Units that are loaded together, with a shape that covers them. */
export interface Lot {
  readonly units: readonly UnitWork[];
  readonly shape: Shape;
  /** Why the load must be staged whatever the shape proves. */
  readonly stage?: string | undefined;
  /** The table cannot be changed now: what has no column is rescued. */
  readonly frozen?: boolean;
}

export interface PlannedTable {
  readonly plan: TableLoadPlan;
  readonly lot: Lot;
}

export interface PlannedJob {
  readonly catalogVersion: string;
  readonly tables: readonly PlannedTable[];
}

export interface PlannerOptions {
  readonly warehouse: Warehouse;
  readonly catalogs: CatalogCache;
  readonly config: Config;
  readonly telemetry: Telemetry;
  /** Told of each change, which costs a commit. */
  readonly onChange: () => void;
}

/** Changes by others that are waited out before the load is given up for now. */
const MAX_ROUNDS = 30;

interface Refusals {
  readonly noRewrite: Map<string, string[]>;
  readonly takenColumns: Map<string, string[]>;
}

interface TableLot extends Lot {
  readonly table: string;
  readonly catchAll: boolean;
  /** Event types of it have no table of their own because there are too many. */
  readonly overflow: boolean;
}

export class JobPlanner {
  readonly #options: PlannerOptions;
  /** Warnings given in this process; each is given once. */
  readonly #warned = new Set<string>();

  constructor(options: PlannerOptions) {
    this.#options = options;
  }

  /** Throws what `Warehouse.change` throws, and CATALOG_STALE (retryable) when others keep changing the same tables. */
  async plan(lots: readonly Lot[], signal: AbortSignal): Promise<PlannedJob> {
    const refusals: Refusals = { noRewrite: new Map(), takenColumns: new Map() };
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const catalog = await this.#options.catalogs.current();
      const planned = this.#byTable(lots, catalog).map((lot) => ({
        lot,
        ...this.#planOne(lot, catalog, refusals),
      }));
      for (const { warnings } of planned) for (const warning of warnings) this.#warn("schema", warning);
      const changes = planned.flatMap(({ change }) => change ?? []);
      if (changes.length === 0) return { catalogVersion: catalog.version, tables: planned };
      await this.#change(catalog, changes, refusals, signal);
    }
    throw new RouterError(
      "CATALOG_STALE",
      "Others keep changing the same tables; the load is tried again later.",
      {
        retryable: true,
      },
    );
  }

  /** To be called when the warehouse calls a plan stale. */
  async refresh(): Promise<void> {
    await this.#options.catalogs.refresh();
  }

  #byTable(lots: readonly Lot[], catalog: Catalog): TableLot[] {
    // What overflowed would get tables now if those that came first are not made yet: a batch would become hundreds of tables, and
    // the tables would be too many in the end.
    const mapped = ({ unit: { eventType }, overflow }: UnitWork): string =>
      overflow && !catalog.tableOf.has(eventType) ? OTHER_EVENT_TYPE : eventType;
    const types = lots.flatMap((lot) => lot.units.filter((unit) => !unit.table).map(mapped));
    const assigned = assignTables(types, catalog, this.#options.config);
    const tables = new Map<string, TableLot[]>();
    for (const lot of lots) {
      for (const [table, units] of Map.groupBy(lot.units, (unit) => tableOf(unit))) {
        const catchAll =
          catalog.tables.get(table)?.catchAll ?? assigned.get(mapped(units[0]!))?.catchAll ?? false;
        const overflow = units.some((unit) => unit.overflow || assigned.get(mapped(unit))?.overflow);
        tables.set(table, [...(tables.get(table) ?? []), { ...lot, units, table, catchAll, overflow }]);
      }
    }
    return [...tables.values()].map((parts) => this.#joined(parts));

    function tableOf(unit: UnitWork): string {
      return unit.table ?? assigned.get(mapped(unit))!.table;
    }
  }

  #joined(parts: readonly TableLot[]): TableLot {
    const [first, ...rest] = parts;
    if (rest.length === 0) return first!;
    const shape = new Shape();
    for (const part of parts) mergeShape(shape, part.shape, this.#options.config.splitter.keys_per_depth);
    return {
      ...first!,
      units: parts.flatMap(({ units }) => units),
      shape,
      stage: parts.find(({ stage }) => stage !== undefined)?.stage,
      frozen: parts.some(({ frozen }) => frozen),
      overflow: parts.some(({ overflow }) => overflow),
    };
  }

  #planOne(lot: TableLot, catalog: Catalog, refusals: Refusals): TablePlan {
    const { table, catchAll, units } = lot;
    if (lot.overflow) this.#warnOfOverflow(table);
    const stage = lot.stage ?? reasonToStage(units);
    return planTable({
      // The event type of a gone unit may have moved: its rows are deleted where they are, and it maps nothing.
      eventTypes: [...new Set(units.filter((unit) => !unit.table).map(({ unit }) => unit.eventType))],
      shape: units.every(({ unit }) => unit.lines === 0) ? {} : shapeToJson(lot.shape),
      catalog,
      config: this.#options.config,
      table: { table, catchAll },
      siblings: this.#options.warehouse.fillsSiblings ?? false,
      noRewrite: refusals.noRewrite.get(table) ?? [],
      takenColumns: refusals.takenColumns.get(table) ?? [],
      ...(stage === undefined ? {} : { stage }),
      ...(lot.frozen && catalog.tables.has(table) ? { frozen: true } : {}),
    });
  }

  async #change(
    catalog: Catalog,
    changes: readonly TableChange[],
    refusals: Refusals,
    signal: AbortSignal,
  ): Promise<void> {
    const { warehouse, catalogs, telemetry, onChange } = this.#options;
    onChange();
    const result = await warehouse.change(catalog.version, changes, signal);
    if (result.kind === "applied") schemaChanged(telemetry, changes);
    if (result.kind === "rewriteRefused" || result.kind === "widenRefused") {
      for (const { table, column } of result.columns) note(refusals.noRewrite, table, column);
      return;
    }
    if (result.kind === "nameTaken" && result.column !== undefined) {
      note(refusals.takenColumns, result.table, result.column);
    }
    await catalogs.refresh();
  }

  #warnOfOverflow(table: string): void {
    const limit = this.#options.config.tables.max_event_types;
    this.#warn(
      "catch_all",
      `There are more than ${limit} event types (tables.max_event_types); new ones go to table ${table}. Is the path event_type right?`,
    );
  }

  #warn(kind: string, message: string): void {
    if (this.#warned.has(message) || this.#warned.size >= MAX_WARNINGS) return;
    this.#warned.add(message);
    warned(this.#options.telemetry, kind, message);
  }
}

/** What a bulk load cannot do. */
function reasonToStage(units: readonly UnitWork[]): string | undefined {
  if (units.some(({ unit }) => unit.replaces.length > 0)) return "rows are replaced";
  return units.some(({ unit }) => unit.rejectedLines.length > 0) ? "refused lines are left out" : undefined;
}

/** Different warnings given in the life of a process. */
const MAX_WARNINGS = 10_000;

function note(map: Map<string, string[]>, table: string, column: string): void {
  map.set(table, [...(map.get(table) ?? []), column]);
}
