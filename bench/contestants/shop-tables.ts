// The shop's tables, declared by hand as somebody would who knows the logs: what the product has to find out by itself.

/** A DuckDB type, or the members of a nested object. */
interface Members {
  readonly [member: string]: string | Members;
}

const COMMON = ["event", "ts", "event_id", "session", "app"];

/** Every member that any event has. Arrays are kept whole, as JSON. */
const MEMBERS: Members = {
  event: "VARCHAR",
  ts: "TIMESTAMPTZ",
  event_id: "VARCHAR",
  session: "VARCHAR",
  app: { name: "VARCHAR", version: "VARCHAR", host: "VARCHAR", region: "VARCHAR" },
  user_id: "BIGINT",
  user: { id: "BIGINT", name: "VARCHAR", email: "VARCHAR", country: "VARCHAR" },
  agent: "VARCHAR",
  page: { path: "VARCHAR", title: "VARCHAR", referrer: "VARCHAR", viewport: { w: "BIGINT", h: "BIGINT" } },
  ms: "BIGINT",
  product: { sku: "VARCHAR", title: "VARCHAR", price: "DOUBLE", stock: "BIGINT" },
  tags: "JSON",
  query: "VARCHAR",
  filters: { colour: "VARCHAR", max_price: "DOUBLE", in_stock: "BOOLEAN" },
  results: "BIGINT",
  cart: { items: "JSON", version: "BIGINT" },
  order: {
    id: "BIGINT",
    total: "DOUBLE",
    currency: "VARCHAR",
    items: "JSON",
    ship_to: { country: "VARCHAR", zip: "VARCHAR", express: "BOOLEAN" },
    placed_on: "DATE",
    coupon: { code: "VARCHAR", percent: "DOUBLE" },
  },
  payment: { method: "VARCHAR", amount: "DOUBLE", currency: "VARCHAR", network_ms: "DOUBLE" },
  error: { code: "VARCHAR", message: "VARCHAR", retryable: "BOOLEAN" },
  // A number that becomes a text in the last third.
  shipment: { id: "VARCHAR", status: "VARCHAR", weight: "VARCHAR" },
  eta: "DATE",
  source: "VARCHAR",
  newsletter: "BOOLEAN",
  ip: "VARCHAR",
  mfa: "BOOLEAN",
  review: { sku: "VARCHAR", stars: "BIGINT", text: "VARCHAR" },
  sku: "VARCHAR",
  warehouse: "VARCHAR",
  delta: "BIGINT",
  level: "BIGINT",
  request: {
    method: "VARCHAR",
    path: "VARCHAR",
    status: "BIGINT",
    bytes: "BIGINT",
    seconds: "DOUBLE",
    "x-request-id": "VARCHAR",
  },
  job: { name: "VARCHAR", started: "TIMESTAMPTZ", rows: "BIGINT", ok: "BOOLEAN" },
};

/** The members of each event type, beside the common ones. */
export const SHOP_TABLES: Readonly<Record<string, readonly string[]>> = {
  page_viewed: ["user_id", "page", "ms", "agent"],
  product_viewed: ["user_id", "product", "tags", "agent"],
  search_performed: ["user_id", "query", "filters", "results", "agent"],
  cart_updated: ["user_id", "cart"],
  order_created: ["user", "order"],
  payment_succeeded: ["user_id", "payment"],
  payment_failed: ["user_id", "payment", "error"],
  shipment_updated: ["shipment", "eta"],
  user_signed_up: ["user", "source", "newsletter"],
  user_logged_in: ["user", "ip", "mfa", "agent"],
  review_posted: ["user", "review"],
  stock_changed: ["sku", "warehouse", "delta", "level"],
  http_request: ["request", "agent"],
  job_finished: ["job"],
};

export const name = (text: string): string => `"${text.replaceAll('"', '""')}"`;
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The columns argument of `read_json`: those of some event types, or of all. */
export function readColumns(eventTypes: readonly string[], more: Members = {}): string {
  const wanted = new Set([...COMMON, ...eventTypes.flatMap((eventType) => SHOP_TABLES[eventType] ?? [])]);
  const columns = [...wanted].map((member): [string, string | Members] => [member, MEMBERS[member]!]);
  const all = [...Object.entries(more), ...columns];
  return `{${all.map(([member, type]) => `${name(member)}: ${quoted(typeText(type))}`).join(", ")}}`;
}

function typeText(type: string | Members): string {
  if (typeof type === "string") return type;
  const fields = Object.entries(type).map(([member, inner]) => `${name(member)} ${typeText(inner)}`);
  return `STRUCT(${fields.join(", ")})`;
}

/** The select list of an event type's table: a column for every leaf, nested names joined with `_`. */
export function selectList(eventType: string, more: readonly string[] = []): string {
  const members = [...COMMON, ...SHOP_TABLES[eventType]!];
  return [...more.map(name), ...members.flatMap((member) => leaves([member], MEMBERS[member]!))].join(", ");
}

function leaves(path: readonly string[], type: string | Members): string[] {
  if (typeof type === "string") return [`${path.map(name).join(".")} AS ${name(path.join("_"))}`];
  return Object.entries(type).flatMap(([member, inner]) => leaves([...path, member], inner));
}
