// Puts the units of an admitted receipt into batches.
import type { Config } from "../../shared/config/schema.ts";
import type { LoadUnit } from "../../shared/ports/warehouse.ts";
import { assignTables } from "../../shared/schema/plan-table.ts";
import type { Catalog } from "../../shared/schema/types.ts";
import { shapeFromJson } from "../../shared/shape/shape-json.ts";
import { Shape } from "../../shared/shape/shape.ts";
import type { Admitted } from "./admission.ts";
import type { TableQueues } from "./table-queues.ts";
import type { UnitWork } from "./work.ts";

/** The units wait in the queue of the table that they would go to by now; where they do go is planned when they are loaded. */
export function enqueue(
  { work, units, shapes, goneTables }: Admitted,
  catalog: Catalog,
  config: Config,
  queues: TableQueues,
  now: number,
): void {
  const placeOf = places(
    units.filter(({ eventType }) => !goneTables.has(eventType)),
    catalog,
    config,
  );
  work.units = units.map((unit): UnitWork => {
    const table = goneTables.get(unit.eventType);
    return {
      work,
      unit,
      ...(table === undefined ? placeOf(unit.eventType) : { queue: table }),
      ...(table === undefined ? {} : { table }),
      state: "waiting",
      failures: 0,
      lastError: "",
    };
  });
  const spread = queues.spread();
  for (const unit of work.units) {
    const shape = shapes.get(unit.unit.eventType);
    queues.add(unit, shape ? shapeFromJson(shape) : new Shape(), now, spread);
  }
}

function places(
  units: readonly LoadUnit[],
  catalog: Catalog,
  config: Config,
): (eventType: string) => Pick<UnitWork, "queue" | "overflow"> {
  const assigned = assignTables(
    units.map(({ eventType }) => eventType),
    catalog,
    config,
  );
  return (eventType) => {
    const { table, isNew, catchAll, overflow } = assigned.get(eventType)!;
    // Two new types may both hope for the same name; shapes of different types are not to be mixed.
    return { queue: isNew && !catchAll ? `${table}\0${eventType}` : table, overflow };
  };
}
