// The fourteen event types of the shop. Each builds one document from the scene; `progress` (0 … 1 over the whole sample) is how the
// logs drift: members that appear later, and a weight that is first an integer, then a decimal, then a text.
import type { Prng } from "./prng.ts";
import { CURRENCIES, type Person, type Product, type Shop } from "./shop.ts";

type Json = Record<string, unknown>;

/** What an event is made from. */
export interface Scene {
  readonly random: Prng;
  readonly shop: Shop;
  readonly person: Person;
  readonly product: Product;
  /** Share of the sample already written, 0 … 1. */
  readonly progress: number;
}

export interface EventTemplate {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** The members that this type has beside the common ones. */
  readonly body: (scene: Scene) => Json;
}

const money = (cents: number): number => cents / 100;

function orderItems({ random, shop }: Scene): Json[] {
  return Array.from({ length: random.integer(1, 3) }, () => {
    const { sku, cents } = shop.products[random.skewed(shop.products.length)]!;
    return { sku, qty: random.integer(1, 3), price: money(cents) };
  });
}

function orderCreated(scene: Scene): Json {
  const { random, person, progress } = scene;
  const items = orderItems(scene);
  const total = items.reduce(
    (sum, item) => sum + Math.round(Number(item["price"]) * 100) * Number(item["qty"]),
    0,
  );
  const order: Json = {
    id: 7_000_000 + Math.floor(progress * 2_000_000) + random.integer(0, 99),
    total: money(total),
    currency: random.pick(CURRENCIES),
    items,
    ship_to: {
      country: person.country,
      zip: String(random.integer(10_000, 10_400)),
      express: random.chance(0.2),
    },
    placed_on: "2026-01-05",
  };
  if (progress > 0.4 && random.chance(0.3))
    order["coupon"] = { code: "SPRING", percent: random.pick([5, 10, 12.5]) };
  return { user: { id: person.id, name: person.name, email: person.email }, order };
}

function pageViewed({ random, product, person, progress }: Scene): Json {
  const page: Json = {
    path: `/p/${product.sku}`,
    title: product.title,
    referrer: random.pick(["/", "/search", "/sale", null]),
  };
  if (progress > 0.6)
    page["viewport"] = { w: random.pick([390, 1440, 1920]), h: random.pick([844, 900, 1080]) };
  return {
    user_id: random.chance(0.7) ? person.id : null,
    page,
    ms: random.skewed(2000),
    agent: person.agent,
  };
}

function weight({ random, progress }: Scene): number | string {
  const grams = random.integer(100, 900);
  if (progress < 1 / 3) return Math.round(grams / 100);
  return progress < 2 / 3 ? grams / 100 : `${grams} g`;
}

/** In the order of the shop: the frequent ones first. */
export const SHOP_EVENTS: readonly EventTemplate[] = [
  { name: "page_viewed", weight: 34, body: pageViewed },
  {
    name: "product_viewed",
    weight: 16,
    body: ({ random, product, person }) => ({
      user_id: person.id,
      product: {
        sku: product.sku,
        title: product.title,
        price: money(product.cents),
        stock: random.skewed(400),
      },
      tags: random.chance(0.5) ? ["new", random.pick(["sale", "eco", "gift"])] : [],
      agent: person.agent,
    }),
  },
  {
    name: "search_performed",
    weight: 9,
    body: ({ random, product, person }) => ({
      user_id: person.id,
      query: random.chance(0.05) ? `${product.title} 🎁` : product.title,
      filters: {
        colour: product.title.split(" ")[0],
        max_price: random.pick([20, 50, 100, 49.5]),
        in_stock: random.chance(0.6),
      },
      results: random.skewed(240),
      agent: person.agent,
    }),
  },
  {
    name: "cart_updated",
    weight: 8,
    body: (scene) => ({
      user_id: scene.person.id,
      cart: { items: orderItems(scene), version: scene.random.skewed(30) },
    }),
  },
  { name: "order_created", weight: 6, body: orderCreated },
  {
    name: "payment_succeeded",
    weight: 5,
    body: ({ random, product, person }) => ({
      user_id: person.id,
      payment: {
        method: random.pick(["card", "paypal", "invoice"]),
        amount: money(product.cents),
        currency: "EUR",
        network_ms: random.skewed(900) + 40.5,
      },
    }),
  },
  {
    name: "payment_failed",
    weight: 2,
    body: ({ random, product, person }) => ({
      user_id: person.id,
      payment: { method: "card", amount: money(product.cents), currency: "EUR" },
      error: {
        code: random.pick(["do_not_honor", "expired", "3ds_failed"]),
        message: 'issuer said "no"\ntry again',
        retryable: random.chance(0.5),
      },
    }),
  },
  {
    name: "shipment_updated",
    weight: 4,
    body: (scene) => ({
      shipment: {
        id: `S${scene.random.integer(1, 90_000)}`,
        status: scene.random.pick(["packed", "sent", "delivered"]),
        weight: weight(scene),
      },
      eta: "2026-01-09",
    }),
  },
  {
    name: "user_signed_up",
    weight: 2,
    body: ({ random, person }) => ({
      user: { id: person.id, name: person.name, email: person.email, country: person.country },
      source: random.pick(["ad", "search", "friend", null]),
      newsletter: random.chance(0.4),
    }),
  },
  {
    name: "user_logged_in",
    weight: 5,
    body: ({ random, person }) => ({
      user: { id: person.id, email: person.email },
      ip: `203.0.113.${random.integer(1, 254)}`,
      mfa: random.chance(0.3),
      agent: person.agent,
    }),
  },
  {
    name: "review_posted",
    weight: 2,
    body: ({ random, product, person }) => ({
      user: { id: person.id, name: person.name },
      review: {
        sku: product.sku,
        stars: random.integer(1, 5),
        text: random.pick(["Très bien!", "good value | fast", "壊れていた", "ok 👍🏽", "never again\\"]),
      },
    }),
  },
  {
    name: "stock_changed",
    weight: 3,
    body: ({ random, product }) => ({
      sku: product.sku,
      warehouse: random.pick(["BER-1", "LYS-2"]),
      delta: random.integer(-20, 40),
      level: random.skewed(900),
    }),
  },
  {
    name: "http_request",
    weight: 3,
    body: ({ random, person }) => ({
      request: {
        method: random.pick(["GET", "POST"]),
        path: "/api/v2/cart",
        status: random.pick([200, 200, 204, 404, 500]),
        bytes: random.skewed(90_000),
        seconds: random.skewed(3000) / 1000,
        "x-request-id": random.hex(8),
      },
      agent: person.agent,
    }),
  },
  {
    name: "job_finished",
    weight: 1,
    body: ({ random }) => ({
      job: {
        name: random.pick(["reindex", "mail", "prices"]),
        started: "2026-01-05T08:00:00.000+01:00",
        rows: random.integer(0, 3_000_000_000),
        ok: random.chance(0.95),
      },
    }),
  },
];
