// Where a process has no warehouse: a splitter on AWS needs none, and has no permission for one.
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";

/** Throws INTERNAL on any use but disposal. */
export function noWarehouse(): Warehouse {
  const warehouse = { name: "none", [Symbol.asyncDispose]: () => Promise.resolve() };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whatever is missing throws when it is used
  return new Proxy(warehouse, {
    get(target, name) {
      if (Reflect.has(target, name)) return Reflect.get(target, name) as unknown;
      throw new RouterError("INTERNAL", `a splitter has no warehouse, but was asked for ${String(name)}`);
    },
  }) as unknown as Warehouse;
}
