// Keeps several blocks in the scanners at once and delivers what comes out in the order of the source.
import type { BadPiece, Framed } from "./frame/framed.ts";
import type { ScanSession } from "./threads/scan-pool.ts";
import type { ScannedBlock } from "./threads/source-scanner.ts";

export interface Delivery {
  block(result: ScannedBlock): Promise<void>;
  bad(piece: BadPiece): Promise<void>;
}

export class OrderedScan {
  readonly #session: ScanSession;
  readonly #delivery: Delivery;
  readonly #waiting: (BadPiece | Promise<ScannedBlock>)[] = [];

  constructor(session: ScanSession, delivery: Delivery) {
    this.#session = session;
    this.#delivery = delivery;
  }

  /** Starts on an item; waits while more are under way than the session wants. */
  async put(item: Framed): Promise<void> {
    if (item.kind === "block") {
      const scanning = this.#session.scan(item);
      // A failure is met when the block's turn comes, if it comes.
      scanning.catch(() => undefined);
      this.#waiting.push(scanning);
    } else {
      this.#waiting.push(item);
    }
    while (this.#waiting.length > this.#session.ahead) await this.#deliver();
  }

  async flush(): Promise<void> {
    while (this.#waiting.length > 0) await this.#deliver();
  }

  async #deliver(): Promise<void> {
    const next = this.#waiting.shift()!;
    if (next instanceof Promise) await this.#delivery.block(await next);
    else await this.#delivery.bad(next);
  }
}
