// Which rule of `routes` holds for an event type. Asked once a line, so answers are remembered.
import { nameMatcher } from "./name-glob.ts";
import type { Config, Route } from "./schema.ts";

/** Answers kept per configuration. A hostile source can name any number of event types, so the memory is bounded. */
const MAX_REMEMBERED = 10_000;

interface CompiledRoutes {
  readonly matchers: readonly ((eventType: string) => boolean)[];
  readonly remembered: Map<string, Route | undefined>;
}

const compiled = new WeakMap<Config, CompiledRoutes>();

/**
 * The first route whose `match` fits the event type, or undefined: then the event type gets its own table. A route with `match` alone
 * says the same, and keeps later routes away.
 */
export function routeFor(config: Config, eventType: string): Route | undefined {
  if (config.routes.length === 0) return undefined;
  let routes = compiled.get(config);
  if (!routes) compiled.set(config, (routes = compile(config)));
  const { matchers, remembered } = routes;
  const known = remembered.get(eventType);
  if (known !== undefined || remembered.has(eventType)) return known;
  const index = matchers.findIndex((matches) => matches(eventType));
  const route = index === -1 ? undefined : config.routes[index];
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(eventType, route);
  return route;
}

function compile(config: Config): CompiledRoutes {
  return { matchers: config.routes.map((route) => nameMatcher(route.match)), remembered: new Map() };
}
