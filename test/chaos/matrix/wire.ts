// What goes over the wire between a worker and its servers, one answered request at a time, in the words that kill points are written in.
// A worker keeps nothing durable of its own (its scratch files are for one attempt): what it has done is what its servers have answered.
import type { Answer, ProxiedRequest } from "../../helpers/fault-proxy.ts";

export interface WireRequest {
  readonly service: "s3" | "sqs" | "redshift";
  /** As the service calls it: PutObject, ReceiveMessage, BatchExecuteStatement, … */
  readonly operation: string;
  /** S3: decoded; "" elsewhere. */
  readonly bucket: string;
  readonly key: string;
  /** SQS: the queue's name without its random end: `split`, `load`, `split-dead`, …; "" elsewhere. */
  readonly queue: string;
  /** SQS: what the visibility of the messages is changed to. */
  readonly visibilitySeconds: number | undefined;
  /** SQS: bodies of the messages that a receive has brought, or that the request is about. */
  readonly bodies: readonly string[];
  /** Data API: the statement's name without `log-router `, and its SQL; of DescribeStatement, those of the statement asked after. */
  readonly run: string;
  readonly sql: string;
  readonly body: Buffer;
}

/** The server has acted by then. */
export interface WireEvent extends WireRequest {
  /** Of HTTP. */
  readonly status: number;
  /** Data API: status of the statement asked after. */
  readonly state: string;
}

interface SentStatement {
  readonly run: string;
  readonly sql: string;
}

/** Reads the requests of one worker; statements and messages are known by the ids that the answers gave them. */
export class WireReader {
  readonly #statements = new Map<string, SentStatement>();
  readonly #bodies = new Map<string, string>();

  request(request: ProxiedRequest): WireRequest {
    if (request.operation === "") return s3Request(request);
    const body = JSON.parse(request.body.toString()) as Record<string, unknown>;
    const isData = String(request.headers["x-amz-target"]).startsWith("RedshiftData.");
    return isData ? this.#statement(request, body) : this.#queued(request, body);
  }

  answered(proxied: ProxiedRequest, answer: Answer): WireEvent {
    const request = this.request(proxied);
    const event = { ...request, status: answer.status, state: "" };
    if (request.service === "s3" || answer.status !== 200) return event;
    const body = JSON.parse(answer.body.toString() || "{}") as Record<string, unknown>;
    if (request.operation === "ReceiveMessage") return { ...event, bodies: this.#received(body) };
    const { run, sql } = request;
    if (isSending(request)) this.#statements.set(text(body["Id"]), { run, sql });
    return { ...event, state: text(body["Status"]) };
  }

  #received({ Messages: messages = [] }: { Messages?: unknown }): string[] {
    const found = messages as readonly { readonly Body: string; readonly ReceiptHandle: string }[];
    for (const { Body, ReceiptHandle } of found) this.#bodies.set(ReceiptHandle, Body);
    return found.map(({ Body }) => Body);
  }

  #queued({ operation, body: raw }: ProxiedRequest, body: Record<string, unknown>): WireRequest {
    const entries = (body["Entries"] ?? []) as readonly {
      VisibilityTimeout?: number;
      ReceiptHandle?: string;
    }[];
    return {
      ...NOTHING,
      service: "sqs",
      operation,
      queue: text(body["QueueUrl"])
        .replace(/^.*\//, "")
        .replace(/-[0-9a-f]{8}$/, ""),
      visibilitySeconds: entries[0]?.VisibilityTimeout,
      bodies: entries.map(({ ReceiptHandle = "" }) => this.#bodies.get(ReceiptHandle) ?? ""),
      body: raw,
    };
  }

  #statement({ operation, body: raw }: ProxiedRequest, body: Record<string, unknown>): WireRequest {
    const sqls = Array.isArray(body["Sqls"]) ? body["Sqls"] : [body["Sql"] ?? ""];
    const own = {
      run: text(body["StatementName"]).replace(/^log-router /, ""),
      sql: sqls.join(";\n"),
    };
    const id = text(body["Id"]).replace(/:\d+$/, "");
    return { ...NOTHING, service: "redshift", operation, body: raw, ...(this.#statements.get(id) ?? own) };
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Hands a statement or a batch over. */
export function isSending({ operation }: Pick<WireRequest, "operation">): boolean {
  return operation.endsWith("ExecuteStatement");
}

const NOTHING = {
  bodies: [],
  bucket: "",
  key: "",
  queue: "",
  visibilitySeconds: undefined,
  run: "",
  sql: "",
} as const;

function s3Request({ method, url, body }: ProxiedRequest): WireRequest {
  const { pathname, searchParams } = new URL(url, "http://host");
  const [, bucket = "", ...key] = pathname.split("/").map(decodeURIComponent);
  const operation = s3Operation(method, searchParams);
  return { ...NOTHING, service: "s3", operation, bucket, key: key.join("/"), body };
}

function s3Operation(method: string, query: URLSearchParams): string {
  if (method === "POST") return query.has("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload";
  if (method === "PUT") return query.has("partNumber") ? "UploadPart" : "PutObject";
  if (method === "GET") return query.has("list-type") ? "ListObjectsV2" : "GetObject";
  return method === "HEAD" ? "HeadObject" : "DeleteObject";
}
