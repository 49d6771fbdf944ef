// Scripted trouble for any port: errors before or after an operation, and crashes, after which nothing that the "process" does
// reaches the outside any more. A test wraps every port of one worker with one plan, lets it run, then starts a new worker on the same
// stores without the plan, as a restarted process would.
import { RouterError } from "../../errors/router-error.ts";

/** `before`: the operation has not happened. `after`: it has happened and its answer is lost. */
export type Moment = "before" | "after";

export interface Fault {
  /** `<port>.<operation>`, as the journal has it: `store.put`, `queue.settle`, `warehouse.load`. `*` for every operation. */
  readonly operation: string;
  readonly moment: Moment;
  /** Thrown in place of the answer; `"crash"` ends the process. Default: a retryable error. */
  readonly error?: Error | "crash";
  /** Only calls whose arguments fit. */
  readonly when?: (...args: readonly unknown[]) => boolean;
  /** Calls that fit are let through until this many have passed. Default 0. */
  readonly skip?: number;
  /** How many calls it hits. Default 1. */
  readonly times?: number;
}

/** What every operation throws once the plan has crashed. Tests wait for it; production code never sees it. */
export class SimulatedCrash extends Error {
  constructor() {
    super("simulated crash: the process is gone");
    this.name = "SimulatedCrash";
  }
}

interface Armed {
  readonly fault: Fault;
  skip: number;
  left: number;
}

export class FaultPlan {
  readonly #armed: Armed[];
  readonly #journal: string[] = [];
  readonly #crash = Promise.withResolvers<void>();
  #crashed = false;

  constructor(faults: readonly Fault[] = []) {
    this.#armed = faults.map((fault) => ({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 }));
  }

  /** Every operation that was started, in order. A run without faults tells how many places there are to crash at. */
  get journal(): readonly string[] {
    return this.#journal;
  }

  get hasCrashed(): boolean {
    return this.#crashed;
  }

  /** Resolves when the plan crashes. */
  get crashed(): Promise<void> {
    return this.#crash.promise;
  }

  /** Ends the process now. */
  crash(): void {
    this.#crashed = true;
    this.#crash.resolve();
  }

  /** Runs one operation through the plan. */
  async run<T>(operation: string, args: readonly unknown[], work: () => T | Promise<T>): Promise<T> {
    this.enter(operation, args);
    const answer = await work();
    this.leave(operation, args);
    return answer;
  }

  /** Start of an operation: throws what the plan has for the moment before it. */
  enter(operation: string, args: readonly unknown[]): void {
    this.assertAlive();
    this.#journal.push(operation);
    this.#strike(operation, "before", args);
  }

  /** End of an operation that has happened: throws what the plan has for the moment after it. */
  leave(operation: string, args: readonly unknown[]): void {
    this.assertAlive();
    this.#strike(operation, "after", args);
  }

  assertAlive(): void {
    if (this.#crashed) throw new SimulatedCrash();
  }

  #strike(operation: string, moment: Moment, args: readonly unknown[]): void {
    for (const armed of this.#armed) {
      const { fault } = armed;
      if (fault.moment !== moment || (fault.operation !== "*" && fault.operation !== operation)) continue;
      if (armed.left === 0 || (fault.when && !fault.when(...args))) continue;
      if (armed.skip > 0) {
        armed.skip--;
        continue;
      }
      armed.left--;
      if (fault.error !== "crash") throw fault.error ?? injected(operation, moment);
      this.crash();
      throw new SimulatedCrash();
    }
  }
}

function injected(operation: string, moment: Moment): RouterError {
  return new RouterError("INTERNAL", `injected ${moment} ${operation}`, { retryable: true });
}
