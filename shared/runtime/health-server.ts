// Health for orchestrators: `/livez` (restart me?) and `/readyz` (am I of use?), as JSON, on `--health-port`.
import { createServer, type ServerResponse } from "node:http";
import { isRouterError, RouterError } from "../errors/router-error.ts";

/** Resolves when all is well, rejects with the reason otherwise. */
export type HealthCheck = (signal: AbortSignal) => Promise<void> | void;

export interface HealthServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Default: all interfaces; the answers hold no secrets. */
  readonly host?: string;
  /** Name → check, for `/livez`. What fails here is cured by a restart; none is a good choice. */
  readonly live?: Readonly<Record<string, HealthCheck>>;
  /** Name → check, for `/readyz`: queue, object store, warehouse. */
  readonly ready: Readonly<Record<string, HealthCheck>>;
  /** A check that takes longer has failed. Default 2 s. */
  readonly timeoutMs?: number;
}

export interface HealthServer extends AsyncDisposable {
  readonly port: number;
}

interface CheckResult {
  readonly ok: boolean;
  /** Error code, never the text: it may name hosts and statements. */
  readonly code?: string;
}

/** Starts to listen. Throws CONFIG_INVALID when the port is taken. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const timeoutMs = options.timeoutMs ?? 2_000;
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    const checks = path === "/livez" ? (options.live ?? {}) : path === "/readyz" ? options.ready : undefined;
    if (!checks) return answer(response, 404, { status: "not found" });
    if (request.method !== "GET" && request.method !== "HEAD") {
      return answer(response, 405, { status: "method not allowed" });
    }
    void runChecks(checks, timeoutMs).then((results) => {
      const ok = Object.values(results).every((result) => result.ok);
      answer(response, ok ? 200 : 503, { status: ok ? "ok" : "unavailable", checks: results });
    });
  });
  const port = await listen(server, options);
  return {
    port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(
  server: ReturnType<typeof createServer>,
  { port, host = "0.0.0.0" }: HealthServerOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new RouterError("CONFIG_INVALID", `The health port ${port} cannot be opened: ${cause.message}.`, {
          details: { setting: "--health-port", port },
          cause,
        }),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

async function runChecks(
  checks: Readonly<Record<string, HealthCheck>>,
  timeoutMs: number,
): Promise<Record<string, CheckResult>> {
  const results = Object.entries(checks).map(
    async ([name, check]) => [name, await runCheck(check, timeoutMs)] as const,
  );
  return Object.fromEntries(await Promise.all(results));
}

async function runCheck(check: HealthCheck, timeoutMs: number): Promise<CheckResult> {
  const late = Promise.withResolvers<never>();
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort();
    late.reject(new RouterError("ABORTED", "too late"));
  }, timeoutMs);
  try {
    await Promise.race([late.promise, (async () => check(abort.signal))()]);
    return { ok: true };
  } catch (error) {
    return {
      ok: false,
      code: abort.signal.aborted ? "TIMEOUT" : isRouterError(error) ? error.code : "INTERNAL",
    };
  } finally {
    clearTimeout(timer);
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
