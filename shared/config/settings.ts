// The schema seen from outside: every setting with its type, default and meaning. Environment names, messages and
// docs/configuration.md all come from here, so that they cannot disagree with what is accepted.
import { z } from "zod";
import { configSchema } from "./schema.ts";

/** The part of JSON Schema that the configuration uses. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | false;
  readonly required?: readonly string[];
}

export interface Setting {
  /** One key at the top, or section and key. */
  readonly path: readonly string[];
  readonly node: SchemaNode;
  /** `LOG_ROUTER_` and the path in upper case, joined with `_`. */
  readonly variable: string;
}

let known: SchemaNode | undefined;

/** The configuration's JSON Schema, for what people write (settings with a default may be left out). */
export function configNode(): SchemaNode {
  known ??= definition(z.toJSONSchema(configSchema, { io: "input" }));
  return known;
}

/** A section is an object with fixed keys (`splitter`, `loader`, `tables`). */
export function isSection(node: SchemaNode): boolean {
  return node.properties !== undefined;
}

/** Every setting that has a value of its own, in the order of the schema. */
export function allSettings(): readonly Setting[] {
  return settingsIn(configNode(), []);
}

/** The node that describes a value at this path, or undefined when the path is unknown. */
export function nodeAt(
  path: readonly (string | number)[],
  from: SchemaNode = configNode(),
): SchemaNode | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return from;
  if (typeof key === "number") return from.items && nodeAt(rest, from.items);
  const named = from.properties && Object.hasOwn(from.properties, key) ? from.properties[key] : undefined;
  const next = named ?? (from.additionalProperties || undefined);
  return next && nodeAt(rest, next);
}

function settingsIn(node: SchemaNode, path: readonly string[]): Setting[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const here = [...path, key];
    if (isSection(child)) return settingsIn(child, here);
    return [{ path: here, node: child, variable: `LOG_ROUTER_${here.join("_").toUpperCase()}` }];
  });
}

function definition(schema: { readonly $defs?: Record<string, unknown> }): SchemaNode {
  return schema.$defs?.["Config"] ?? schema;
}
