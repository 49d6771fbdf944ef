// Turns the shop into log lines: one endless stream of bytes-to-be, the same for the same seed, whatever files it is cut into.
import { SHOP_EVENTS, type EventTemplate } from "./event-types.ts";
import { Prng } from "./prng.ts";
import { makeShop, type Shop } from "./shop.ts";

export type LineKind = "event" | "bad" | "blank";

export interface SampleLine {
  /** Without its line ending. */
  readonly text: string;
  readonly kind: LineKind;
  /** Empty unless `kind` is event. */
  readonly eventType: string;
}

const START_MS = Date.UTC(2026, 0, 5, 8);
const BAD_LINES = [
  '{"event":"page_viewed","ts":"2026-01-05T08:',
  "java.lang.NullPointerException: cart is null",
  '{"event":"order_created","order":{"total":01.5}}',
  '["page_viewed",{"user_id":7}]',
  '{"ts":"2026-01-05T08:00:00.000Z","message":"no event type here"}',
] as const;

/** One bad line and one blank line in so many. */
const BAD_EVERY = 2000;
const BLANK_EVERY = 3000;

/** The templates for `count` event types: the shop's own, or their copies in as many services, a few services having most of the traffic. */
export function sampleTemplates(count: number): readonly EventTemplate[] {
  return Array.from({ length: count }, (_, index) => {
    const base = SHOP_EVENTS[index % SHOP_EVENTS.length]!;
    const service = Math.floor(index / SHOP_EVENTS.length);
    if (service === 0) return base;
    return {
      ...base,
      name: `svc${String(service).padStart(4, "0")}_${base.name}`,
      weight: base.weight / (service + 1),
    };
  });
}

/** Draws templates by weight. */
function templatePicker(templates: readonly EventTemplate[]): (random: Prng) => EventTemplate {
  const sums: number[] = [];
  let total = 0;
  for (const { weight } of templates) sums.push((total += weight));
  return (random) => {
    const wanted = random.unit() * total;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    return templates[low]!;
  };
}

function session(random: Prng, personId: number): string {
  return `s-${personId.toString(36)}-${random.skewed(40)}`;
}

function eventText(random: Prng, shop: Shop, template: EventTemplate, ms: number, progress: number): string {
  const person = shop.people[random.skewed(shop.people.length)]!;
  const product = shop.products[random.skewed(shop.products.length)]!;
  const host = `web-${String(random.integer(1, 8)).padStart(2, "0")}`;
  return JSON.stringify({
    event: template.name,
    ts: new Date(ms).toISOString(),
    event_id: random.hex(24),
    session: session(random, person.id),
    app: {
      name: "shop",
      version: progress < 0.5 ? "4.12.0" : "4.13.0",
      host,
      region: "eu-central-1",
    },
    ...template.body({ random, shop, person, product, progress }),
  });
}

/** How far the sample has come, 0 … 1; asked for before each line. */
export type Progress = () => number;

/** An endless stream of lines. */
export function* makeLines(seed: number, types: number, progress: Progress): Generator<SampleLine, never> {
  const random = new Prng(seed);
  const shop = makeShop(seed);
  const templates = sampleTemplates(types);
  const pickTemplate = templatePicker(templates);
  let ms = START_MS;
  for (let count = 1; ; count++) {
    // The first round names every type once when there are few, so that the smallest sample has them all.
    const template = count <= templates.length ? templates[count - 1]! : pickTemplate(random);
    ms += random.exponential(30);
    if (count % BAD_EVERY === BAD_EVERY - 100)
      yield { text: random.pick(BAD_LINES), kind: "bad", eventType: "" };
    if (count % BLANK_EVERY === BLANK_EVERY - 200)
      yield { text: random.chance(0.5) ? "" : "  ", kind: "blank", eventType: "" };
    yield {
      text: eventText(random, shop, template, ms, progress()),
      kind: "event",
      eventType: template.name,
    };
  }
}
