// Where a fault can strike on the way of one source object: the request, told from all others by the source it is about. Requests that
// are about no single source are told by what they do.
import { partPrefix } from "../../../shared/contracts/keys.ts";
import type { FaultProxy, ProxiedRequest } from "../../helpers/fault-proxy.ts";
import type { FaultLab, LabSource } from "./fault-lab.ts";

type Match = (request: ProxiedRequest, source: LabSource, lab: FaultLab) => boolean;

interface Point {
  readonly service: "s3" | "sqs" | "data";
  readonly match: Match;
}

const s3 = (method: string, part: (source: LabSource) => string): Point => ({
  service: "s3",
  match: (request, source) => request.method === method && request.url.includes(part(source)),
});

const inHand = (operation: string, queue: "split" | "load"): Point => ({
  service: "sqs",
  match: (request, { key, id }, { deliveries }) =>
    request.operation === operation &&
    deliveries.concerns(request, queue === "split" ? key : `receipts/${id}/`),
});

const receive = (queue: "split" | "load"): Point => ({
  service: "sqs",
  match: (request, _, { rig }) =>
    request.operation === "ReceiveMessage" && request.body.includes(`"${rig.queues[queue].url}"`),
});

const data = (operation: string, ...texts: string[]): Point => ({
  service: "data",
  match: (request) => request.operation === operation && texts.every((text) => request.body.includes(text)),
});

export const POINTS = {
  "GET of the source": s3("GET", ({ key }) => `/${key}`),
  "LIST of its receipts": s3("GET", ({ id }) => `prefix=receipts%2F${id}`),
  "PUT of a part": s3("PUT", ({ id }) => `/${partPrefix(id)}`),
  "PUT of the receipt": s3("PUT", ({ id }) => `/receipts/${id}/`),
  "GET of the receipt": s3("GET", ({ id }) => `/receipts/${id}/0.json`),
  "PUT of a load's lists": s3("PUT", () => "/loads/"),
  "DELETE of a load's lists": s3("DELETE", () => "/loads/"),

  "receive, split queue": receive("split"),
  "receive, load queue": receive("load"),
  "delete, split queue": inHand("DeleteMessageBatch", "split"),
  "delete, load queue": inHand("DeleteMessageBatch", "load"),
  "heartbeat, split queue": inHand("ChangeMessageVisibilityBatch", "split"),
  "send to the load queue": {
    service: "sqs",
    match: (request, { id }) => request.operation === "SendMessageBatch" && request.body.includes(id),
  },

  "the load's transaction": data("BatchExecuteStatement", "COPY lr_units"),
  "the change of a table": data("BatchExecuteStatement", "CREATE TABLE"),
  "the source's row": data("BatchExecuteStatement", "log_router.sources", "INSERT"),
  "asking for the end": data("DescribeStatement"),
  "reading a result": data("GetStatementResult"),
} as const satisfies Record<string, Point>;

export type PointName = keyof typeof POINTS;

/** The proxy that requests of this point go through, and which of them are about the source. */
export function pointOf(
  lab: FaultLab,
  name: PointName,
  source: LabSource,
): { readonly proxy: FaultProxy; readonly match: (request: ProxiedRequest) => boolean } {
  const { service, match }: Point = POINTS[name];
  return { proxy: lab[service], match: (request) => match(request, source, lab) };
}
