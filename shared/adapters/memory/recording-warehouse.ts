// A warehouse that keeps a journal of what was asked of it and how it answered, around any other.
import type { Warehouse } from "../../ports/warehouse.ts";

type Operation = Exclude<keyof Warehouse, "name" | "read" | typeof Symbol.asyncDispose>;

export interface WarehouseCall {
  readonly operation: Operation;
  readonly args: readonly unknown[];
  /** Unset while the call is under way. */
  result?: unknown;
  error?: unknown;
}

export interface RecordedWarehouse {
  readonly warehouse: Warehouse;
  /** In the order of the calls' beginnings. */
  readonly journal: WarehouseCall[];
  /** The calls of one operation. */
  readonly calls: (operation: Operation) => readonly WarehouseCall[];
}

/** Reading verbs (`read`) pass through unrecorded. */
export function recordingWarehouse(inner: Warehouse): RecordedWarehouse {
  const journal: WarehouseCall[] = [];
  const warehouse = new Proxy(inner, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      if (!isOperation(property)) return value.bind(target);
      return async (...args: unknown[]): Promise<unknown> => {
        const call: WarehouseCall = { operation: property, args };
        journal.push(call);
        try {
          return (call.result = await Reflect.apply(value, target, args));
        } catch (error) {
          call.error = error;
          throw error;
        }
      };
    },
  });
  const calls = (operation: Operation): readonly WarehouseCall[] =>
    journal.filter((call) => call.operation === operation);
  return { warehouse, journal, calls };
}

function isOperation(property: string | symbol): property is Operation {
  return typeof property === "string";
}
