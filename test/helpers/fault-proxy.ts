// An HTTP proxy between the SDK's clients and an emulator or stand-in, which lets requests and answers go wrong on demand: lost before or
// after the server acted, refused, cut in the middle of a body, changed, or done in part.
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProxiedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** Operation of a JSON protocol (`X-Amz-Target` behind the dot); "" for S3. */
  readonly operation: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type ProxyEffect =
  /** The connection is cut; the server has not heard of it. */
  | { readonly kind: "lose-request" }
  /** The server has done it; the connection is cut without an answer. */
  | { readonly kind: "lose-answer" }
  /** No answer until the client gives up: before the server heard of it, or after it acted. */
  | { readonly kind: "hang"; readonly afterServer: boolean }
  /** The server has acted; its answer is passed on when `until` resolves. */
  | {
      readonly kind: "hold-answer";
      readonly until: (request: ProxiedRequest, answer: Answer) => Promise<void>;
    }
  /** Passed on after a pause. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Answered by the proxy. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    }
  /** The connection is cut as soon as so many bytes of the request's body have come; the server has not heard of it. */
  | { readonly kind: "reset-in-request"; readonly afterBytes: number }
  /** The answer's body breaks off behind so many bytes. */
  | { readonly kind: "reset-in-body"; readonly afterBytes: number }
  /** The answer's body stops coming behind so many bytes; the connection stays open. */
  | { readonly kind: "stall-in-body"; readonly afterBytes: number }
  | { readonly kind: "change-answer"; readonly change: (answer: Answer) => Answer }
  /** What a ReceiveMessage of SQS brings; an answer without messages passes, and does not count as a hit. */
  | {
      readonly kind: "change-messages";
      readonly change: (messages: readonly unknown[]) => readonly unknown[];
    }
  /** Of a batch of SQS, the entries named by their position are not passed on and come back under Failed. */
  | { readonly kind: "partial"; readonly positions: readonly number[]; readonly senderFault?: boolean };

export interface ProxyFault {
  readonly effect: ProxyEffect;
  /** Default: every request. */
  readonly match?: (request: ProxiedRequest) => boolean;
  /** Default 1. */
  readonly times?: number;
  /** Matching requests let through before. Default 0. */
  readonly after?: number;
  /** Runs before the effect shows: what somebody else does just then. */
  readonly meanwhile?: () => Promise<void>;
}

/** A fault that was armed. */
export interface ArmedFault {
  /** Requests that it has hit. */
  readonly hits: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** All requests so far, those that a fault hit included. */
  readonly requests: readonly ProxiedRequest[];
  arm(fault: ProxyFault): ArmedFault;
  clear(): void;
  /** Connections are refused, open ones cut, until `accept`. */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  accept(): Promise<void>;
  /** How many requests had this operation. */
  count(operation: string): number;
}

/** An S3 error as XML. */
export function s3Refusal(status: number, code: string, headers: Record<string, string> = {}): ProxyEffect {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { kind: "answer", status, headers: { "content-type": "application/xml", ...headers }, body };
}

/** An error of SQS and the Data API. */
export function jsonRefusal(status: number, type: string): ProxyEffect {
  const headers = { "content-type": "application/x-amz-json-1.0" };
  return { kind: "answer", status, headers, body: JSON.stringify({ __type: type, message: type }) };
}

interface Armed extends ArmedFault {
  readonly fault: ProxyFault;
  left: number;
  skip: number;
  hits: number;
}

export interface FaultProxyOptions {
  /** Told of every answer that the server gave to an operation of a JSON protocol, whether the client gets it or not. */
  readonly onAnswer?: (request: ProxiedRequest, answer: Answer) => void;
}

export async function startFaultProxy(
  upstream: string,
  options: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = [];
  let armed: Armed[] = [];

  /** Those that cut a request's body have to be found before it has come. */
  function hit(request: ProxiedRequest, inRequest: boolean): Armed | undefined {
    for (const one of armed) {
      if ((one.fault.effect.kind === "reset-in-request") !== inRequest) continue;
      if (one.left <= 0 || !(one.fault.match?.(request) ?? true)) continue;
      if (one.skip > 0) {
        one.skip -= 1;
        continue;
      }
      one.left -= 1;
      one.hits += 1;
      return one;
    }
    return undefined;
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = {
      method: incoming.method ?? "GET",
      url: incoming.url ?? "/",
      operation: String(incoming.headers["x-amz-target"] ?? "").replace(/^.*\./, ""),
      headers: incoming.headers,
      body: Buffer.alloc(0),
    };
    const cut = hit(head, true)?.fault.effect;
    if (cut?.kind === "reset-in-request") {
      requests.push(head);
      return await cutRequest(incoming, cut.afterBytes);
    }
    const request: ProxiedRequest = { ...head, body: await buffer(incoming) };
    requests.push(request);
    const one = hit(request, false);
    await one?.fault.meanwhile?.();
    const effect = one?.fault.effect ?? { kind: "delay", ms: 0 };
    const server = { ask: (sent: ProxiedRequest) => forward(sent, upstream), ...options };
    if (effect.kind !== "change-messages") return await apply(effect, request, response, server);
    const answer = await whole(request, server);
    const { Messages = [] } = JSON.parse(answer.body.toString()) as { Messages?: unknown[] };
    if (one && Messages.length === 0) {
      one.left += 1;
      one.hits -= 1;
    }
    send(response, { ...answer, body: Buffer.from(JSON.stringify({ Messages: effect.change(Messages) })) });
  }

  const server = createServer((incoming, response) => {
    response.on("error", () => undefined);
    serve(incoming, response).catch(() => response.destroy());
  });
  const listen = (on: number) => new Promise<void>((resolve) => void server.listen(on, "127.0.0.1", resolve));
  const close = async () => {
    const closed = new Promise((resolve) => void server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    arm(fault) {
      const one: Armed = { fault, left: fault.times ?? 1, skip: fault.after ?? 0, hits: 0 };
      armed.push(one);
      return one;
    },
    clear: () => void (armed = []),
    refuse: close,
    accept: () => listen(port),
    count: (operation) => requests.filter((one) => one.operation === operation).length,
    [Symbol.asyncDispose]: close,
  };
}

async function cutRequest(incoming: IncomingMessage, afterBytes: number): Promise<void> {
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes >= afterBytes) break;
  }
  incoming.socket.resetAndDestroy();
}

interface Upstream extends FaultProxyOptions {
  readonly ask: (request: ProxiedRequest) => Promise<IncomingMessage>;
}

async function apply(
  effect: Exclude<ProxyEffect, { kind: "change-messages" }>,
  request: ProxiedRequest,
  response: ServerResponse,
  upstream: Upstream,
): Promise<void> {
  switch (effect.kind) {
    case "lose-request":
    case "reset-in-request":
      return void response.socket?.resetAndDestroy();
    case "lose-answer":
      await whole(request, upstream);
      return void response.socket?.resetAndDestroy();
    case "hang":
      if (effect.afterServer) await whole(request, upstream);
      return; // the client ends it
    case "answer":
      return send(response, {
        status: effect.status,
        headers: effect.headers ?? {},
        body: Buffer.from(effect.body ?? ""),
      });
    case "delay":
      if (effect.ms > 0) await sleep(effect.ms);
      if (request.operation !== "") return send(response, await whole(request, upstream));
      return relay(await upstream.ask(request), response, Infinity);
    case "reset-in-body":
      return relay(await upstream.ask(request), response, effect.afterBytes);
    case "stall-in-body":
      return relay(await upstream.ask(request), response, effect.afterBytes, true);
    case "change-answer":
      return send(response, effect.change(await whole(request, upstream)));
    case "hold-answer": {
      const answer = await whole(request, upstream);
      await effect.until(request, answer);
      return send(response, answer);
    }
    case "partial":
      return send(response, await partly(effect, request, upstream));
  }
}

function forward(request: ProxiedRequest, upstream: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, headers, body } = request;
    const sent = httpRequest(`${upstream}${request.url}`, { method, headers, agent: false }, resolve);
    sent.once("error", reject);
    sent.end(body);
  });
}

async function whole(request: ProxiedRequest, { ask, onAnswer }: Upstream): Promise<Answer> {
  const incoming = await ask(request);
  const answer = {
    status: incoming.statusCode ?? 502,
    headers: incoming.headers,
    body: await buffer(incoming),
  };
  if (request.operation !== "") onAnswer?.(request, answer);
  return answer;
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const { "transfer-encoding": _, ...rest } = headers;
  const isHead = response.req.method === "HEAD";
  response.writeHead(status, isHead ? rest : { ...rest, "content-length": body.byteLength }).end(body);
}

async function relay(
  answer: IncomingMessage,
  response: ServerResponse,
  limit: number,
  stalls = false,
): Promise<void> {
  const { connection: _, ...headers } = answer.headers;
  response.writeHead(answer.statusCode ?? 502, headers);
  response.flushHeaders();
  let left = limit;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const part = chunk.subarray(0, Math.min(left, chunk.byteLength));
    left -= part.byteLength;
    if (!response.write(part)) await new Promise((resolve) => response.once("drain", resolve));
    if (left <= 0) break;
  }
  if (left > 0) return void response.end();
  // What was written goes out before the end: `destroy` by itself would take it back.
  await new Promise<void>((resolve) => void response.write("", () => resolve()));
  if (!stalls) response.socket?.destroy();
}

async function partly(
  { positions, senderFault = false }: ProxyEffect & { kind: "partial" },
  request: ProxiedRequest,
  upstream: Upstream,
): Promise<Answer> {
  const batch = JSON.parse(request.body.toString()) as { Entries: { Id: string }[] };
  const kept = batch.Entries.filter((_, at) => !positions.includes(at));
  const failed = batch.Entries.filter((_, at) => positions.includes(at));
  const Failed = failed.map(({ Id }) => ({
    Id,
    SenderFault: senderFault,
    Code: "InternalError",
    Message: "on purpose",
  }));
  const headers = { "content-type": "application/x-amz-json-1.0" };
  if (kept.length === 0)
    return { status: 200, headers, body: Buffer.from(JSON.stringify({ Successful: [], Failed })) };
  const body = Buffer.from(JSON.stringify({ ...batch, Entries: kept }));
  const headersToo = { ...request.headers, "content-length": String(body.byteLength) };
  const answer = await whole({ ...request, body, headers: headersToo }, upstream);
  const done = JSON.parse(answer.body.toString()) as { Failed?: unknown[] };
  const merged = { ...done, Failed: [...(done.Failed ?? []), ...Failed] };
  return { status: answer.status, headers, body: Buffer.from(JSON.stringify(merged)) };
}
