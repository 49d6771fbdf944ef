// Any port whose operations return promises (or async iterables, where named), run through a fault plan.
import type { FaultPlan } from "./fault-plan.ts";

/**
 * The same port with every operation run through `plan` as `<name>.<method>`. Methods named in `iterating` return async iterables:
 * they are hit before their first item (`<name>.<method>`) and after their last (`<name>.<method>.end`). Plain members (`name`)
 * come through, nested ports (`read`) as `<name>.<member>.<method>`.
 */
export function failingPort<T extends object>(
  name: string,
  port: T,
  plan: FaultPlan,
  iterating: readonly string[] = [],
): T {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof property === "symbol") return typeof value === "function" ? value.bind(target) : value;
      const operation = `${name}.${property}`;
      if (typeof value === "object" && value !== null) return failingPort(operation, value, plan);
      if (typeof value !== "function") return value;
      const call = (args: readonly unknown[]): unknown => Reflect.apply(value, target, args);
      return iterating.includes(property)
        ? (...args: unknown[]) => failingIterable(operation, args, plan, () => call(args))
        : (...args: unknown[]) => plan.run(operation, args, () => call(args));
    },
  });
}

async function* failingIterable(
  operation: string,
  args: readonly unknown[],
  plan: FaultPlan,
  open: () => unknown,
): AsyncGenerator<unknown, void, undefined> {
  const items = await plan.run(operation, args, open);
  if (!isAsyncIterable(items)) throw new TypeError(`${operation} does not return an async iterable`);
  for await (const item of items) {
    plan.assertAlive();
    yield item;
  }
  await plan.run(`${operation}.end`, args, () => undefined);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}
