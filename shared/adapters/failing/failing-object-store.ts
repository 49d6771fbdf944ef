// ObjectStore with scripted trouble: operations as in failing-port.ts, and bodies that break off in the middle (`<name>.body`).
import type { ObjectRead, ObjectStore } from "../../ports/object-store.ts";
import { failingPort } from "./failing-port.ts";
import type { FaultPlan } from "./fault-plan.ts";

/** Every chunk of a body is an operation `<name>.body` with the object and the bytes read before it as arguments. */
export function failingObjectStore(name: string, store: ObjectStore, plan: FaultPlan): ObjectStore {
  const failing = failingPort(name, store, plan, ["list"]);
  return new Proxy(failing, {
    get(target, property) {
      // Puts of a batch are puts like others, so that faults find them.
      if (property === "batch") return undefined;
      const value: unknown = Reflect.get(target, property, target);
      if (property !== "get") return value;
      return async (...args: Parameters<ObjectStore["get"]>): Promise<ObjectRead> => {
        const { bodyInto: _, ...read } = await target.get(...args);
        return { ...read, body: failingBody(`${name}.body`, read, plan) };
      };
    },
  });
}

async function* failingBody(
  operation: string,
  read: ObjectRead,
  plan: FaultPlan,
): AsyncGenerator<Uint8Array, void, undefined> {
  let before = 0;
  for await (const chunk of read.body) {
    yield await plan.run(operation, [read, before], () => chunk);
    before += chunk.byteLength;
  }
}
