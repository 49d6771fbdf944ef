// Kills a worker from outside exactly at its point: its requests go through proxies, and when a server has answered the one that the point
// is about, the worker gets SIGKILL and never the answer.
import {
  s3Refusal,
  startFaultProxy,
  type FaultProxy,
  type ProxiedRequest,
} from "../../helpers/fault-proxy.ts";
import type { KillPoint } from "./kill-point.ts";
import { WireReader, type WireEvent } from "./wire.ts";

export interface Upstreams {
  readonly emulator: string;
  readonly redshift: string;
}

export interface KillSwitchOptions {
  /** Says of each answered request whether the worker dies of it. */
  readonly isDeadly: (event: WireEvent) => boolean;
  /** The worker dies of a request that its server never hears of. Default false. */
  readonly isBefore?: boolean;
  readonly point?: Pick<KillPoint, "holds" | "holdsUntil" | "refuses">;
  /** Runs before the first receipt is put, whose key it gets. */
  readonly beforeReceipt?: ((key: string) => Promise<void>) | undefined;
  /** Ends the process; resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

const NO_ANSWER = { status: 0, state: "" } as const;

export class KillSwitch {
  readonly upstreams: Upstreams;
  readonly #proxies: readonly FaultProxy[];
  readonly #options: KillSwitchOptions;
  readonly #wire = new WireReader();
  readonly #fired = Promise.withResolvers<void>();
  readonly #released = Promise.withResolvers<void>();
  #isReleased = false;
  #hasFired = false;
  #isDisarmed = false;

  private constructor(proxies: readonly [FaultProxy, FaultProxy], options: KillSwitchOptions) {
    const [emulator, redshift] = proxies;
    this.upstreams = { emulator: emulator.endpoint, redshift: redshift.endpoint };
    this.#proxies = proxies;
    this.#options = options;
    for (const proxy of proxies) this.#arm(proxy);
  }

  static async open({ emulator, redshift }: Upstreams, options: KillSwitchOptions): Promise<KillSwitch> {
    return new KillSwitch([await startFaultProxy(emulator), await startFaultProxy(redshift)], options);
  }

  get hasFired(): boolean {
    return this.#hasFired;
  }

  /** From now on requests only pass through. */
  disarm(): void {
    this.#isDisarmed = true;
  }

  /** Resolves when the worker has been killed. */
  get fired(): Promise<void> {
    return this.#fired.promise;
  }

  #arm(proxy: FaultProxy): void {
    const { point = {}, beforeReceipt } = this.#options;
    const { refuses, holds } = point;
    if (refuses)
      proxy.arm({
        match: (request) => refuses(this.#wire.request(request)),
        effect: s3Refusal(403, "AccessDenied"),
      });
    const answered = { kind: "hold-answer", until: this.#answered } as const;
    if (holds)
      proxy.arm({
        match: (request) => !this.#isReleased && holds(this.#wire.request(request)),
        meanwhile: () => this.#held(),
        effect: answered,
        times: Infinity,
      });
    if (beforeReceipt) {
      let key = "";
      const isReceipt = (request: ProxiedRequest): boolean => {
        ({ key } = this.#wire.request(request));
        return request.method === "PUT" && key.startsWith("receipts/");
      };
      proxy.arm({ match: isReceipt, meanwhile: () => beforeReceipt(key), effect: answered });
    }
    if (this.#options.isBefore)
      proxy.arm({
        match: (request) => this.#isDeadly({ ...this.#wire.request(request), ...NO_ANSWER }),
        meanwhile: () => this.#fire(),
        effect: { kind: "lose-request" },
      });
    proxy.arm({ effect: answered, times: Infinity });
  }

  async #held(): Promise<void> {
    await Promise.race([this.fired, this.#released.promise]);
    if (this.#hasFired) throw new Error("the request is lost with the worker");
  }

  #isDeadly(event: WireEvent): boolean {
    return !this.#hasFired && !this.#isDisarmed && this.#options.isDeadly(event);
  }

  async #fire(): Promise<void> {
    this.#hasFired = true;
    await this.#options.kill();
    this.#fired.resolve();
  }

  readonly #answered = async (...[request, answer]: Parameters<WireReader["answered"]>): Promise<void> => {
    const event = this.#wire.answered(request, answer);
    if (this.#options.point?.holdsUntil?.(event)) {
      this.#isReleased = true;
      this.#released.resolve();
    }
    if (!this.#options.isBefore && this.#isDeadly(event)) await this.#fire();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fired.resolve();
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
  }
}
