// The stand-in's HTTP side: AWS JSON 1.1 on 127.0.0.1, one operation a POST, named by X-Amz-Target. Credentials are not checked.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { ApiError, invalid } from "./api-error.ts";
import { createEngine, type EngineOptions } from "./engine.ts";
import { Faults, type Fault, type FaultEffect } from "./faults.ts";
import { OPERATIONS, type OperationContext } from "./operations.ts";
import { createRateLimits, type RateLimits } from "./rate-limits.ts";
import { Statements } from "./statements.ts";

export interface StandInOptions extends EngineOptions {
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** False switches the account's rate limits off, for benchmarks. Default true. */
  readonly rateLimits?: boolean;
  /** Milliseconds; what decides when statements and tokens are forgotten. Default: the time of day. */
  readonly now?: () => number;
  readonly journal?: (name: string, sqls: readonly string[]) => void;
}

export interface StandIn extends AsyncDisposable {
  /** For AWS_ENDPOINT_URL_REDSHIFT_DATA. */
  readonly endpoint: string;
  readonly faults: Faults;
  /** Calls accepted so far, by operation. */
  readonly calls: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const faults = new Faults();
  const statements = new Statements(options.now);
  const engine = createEngine({ ...options, faults });
  const context: OperationContext = {
    statements,
    engine,
    faults,
    journal: options.journal ?? (() => undefined),
  };
  const calls = new Map<string, number>();
  const limits = options.rateLimits === false ? undefined : createRateLimits();
  const server = createServer((request, response) => {
    answer(request, response, context, calls, limits).catch((error: unknown) => {
      const failure =
        error instanceof ApiError ? error : new ApiError("InternalServerException", String(error));
      send(response, failure.status, failure.toBody());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await engine.stop();
  };
  return { endpoint: `http://127.0.0.1:${address.port}`, faults, calls, stop, [Symbol.asyncDispose]: stop };
}

const REFUSALS: readonly FaultEffect[] = [
  "throttle",
  "active-exceeded",
  "internal-error",
  "html-answer",
  "lose-request",
];

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: OperationContext,
  calls: Map<string, number>,
  limits: RateLimits | undefined,
): Promise<void> {
  const body = await readText(request);
  if (request.method === "GET" && request.url === "/_health")
    return send(response, 200, '{"status":"running"}');
  if (request.method === "POST" && request.url === "/_faults") return arm(response, context.faults, body);
  const operation = /^RedshiftData\.(\w+)$/.exec(String(request.headers["x-amz-target"] ?? ""))?.[1] ?? "";
  const run = OPERATIONS[operation];
  if (run === undefined)
    throw new ApiError(
      "UnknownOperationException",
      `'${operation}' is not one of ${Object.keys(OPERATIONS).join(", ")}`,
    );
  const refusal = context.faults.hit(operation, body, REFUSALS);
  if (refusal !== undefined) return refuse(response, refusal.effect);
  limits?.take(operation);
  calls.set(operation, (calls.get(operation) ?? 0) + 1);
  const result = await run(context, parse(body));
  if (context.faults.hit(operation, body, ["lose-answer"])) return void response.destroy();
  send(response, 200, JSON.stringify(result));
}

function refuse(response: ServerResponse, effect: FaultEffect): void {
  if (effect === "lose-request") return void response.destroy();
  if (effect === "html-answer")
    return void response.writeHead(503, { "content-type": "text/html" }).end("<html>busy</html>");
  if (effect === "throttle") throw new ApiError("ThrottlingException", "Rate exceeded");
  if (effect === "active-exceeded")
    throw new ApiError("ActiveStatementsExceededException", "Number of active statements exceeded");
  throw new ApiError("InternalServerException", "internal failure");
}

function arm(response: ServerResponse, faults: Faults, body: string): void {
  let wanted: unknown;
  try {
    wanted = JSON.parse(body);
    if (wanted === "clear") faults.clear();
    else faults.arm(wanted as Fault);
  } catch (error) {
    throw invalid(`no fault: ${String(error)}`);
  }
  send(response, 200, "{}");
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw invalid("The request is not a JSON object");
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(body);
}
