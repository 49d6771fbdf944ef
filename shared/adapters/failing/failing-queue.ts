// Queue with scripted trouble. The end of a handler is an operation of its own, `<name>.settle`, `.retry` or `.dead`.
import type { ConsumeOptions, Consumer, MessageHandler, Outcome, Queue } from "../../ports/queue.ts";
import { failingPort } from "./failing-port.ts";
import { SimulatedCrash, type FaultPlan } from "./fault-plan.ts";

/** Name of the operation by which an outcome is written. */
const OPERATION = { settled: "settle", retry: "retry", dead: "dead" } as const;

/**
 * Operations as in failing-port.ts. A fault before `settle` loses the outcome of work that was done: the message is delivered again.
 * After a crash nothing is received and no outcome is written; messages in hand come back at once instead of after their visibility
 * time-out, which saves tests the wait and tells their story as well.
 */
export function failingQueue(name: string, queue: Queue, plan: FaultPlan): Queue {
  const failing = failingPort(name, queue, plan);
  return new Proxy(failing, {
    get(target, property) {
      if (property !== "consume") return Reflect.get(target, property, target) as unknown;
      return (handler: MessageHandler, options: ConsumeOptions): Consumer =>
        failingConsumer(name, queue, plan, handler, options);
    },
  });
}

function failingConsumer(
  name: string,
  queue: Queue,
  plan: FaultPlan,
  handler: MessageHandler,
  options: ConsumeOptions,
): Consumer {
  const consumer = queue.consume(async (message, signal) => {
    plan.assertAlive();
    const outcome: Outcome = await orCrash(plan, handler(message, signal));
    const operation = `${name}.${OPERATION[outcome.kind]}`;
    plan.enter(operation, [message, outcome]);
    try {
      plan.leave(operation, [message, outcome]);
    } catch (error) {
      // The outcome is written by the queue after this handler: a crash after it lets it through and ends the process then.
      if (!(error instanceof SimulatedCrash)) throw error;
    }
    return outcome;
  }, options);
  void plan.crashed.then(() => consumer.abort());
  return consumer;
}

/** A crashed process's handlers never end; waiting for them would hold the message for ever. */
function orCrash<T>(plan: FaultPlan, work: Promise<T>): Promise<T> {
  const crash = plan.crashed.then((): never => {
    throw new SimulatedCrash();
  });
  return Promise.race([work, crash]);
}
