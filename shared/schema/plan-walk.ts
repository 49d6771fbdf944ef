// Goes through a shape and plans every path in it: what the table needs, which columns are filled, and why values must be checked.
import { SYSTEM_PREFIX } from "../contracts/words.ts";
import type { ShapeJson } from "../contracts/shape.ts";
import { isAddressable } from "../shape/classify.ts";
import { realKey, wireKey } from "../shape/shape-json.ts";
import { countOf, type Kind, SCALAR_KINDS } from "./kinds.ts";
import { pathKey, startsWithPath } from "./names.ts";
import { type PathPlan, planPath, type Slot } from "./plan-path.ts";
import type { PlanSettings } from "./plan-settings.ts";
import { holdOf } from "./shape-fits.ts";
import type { CatalogColumn, ColumnType, Path, TableChange } from "./types.ts";

/** A column that a path would like to have. */
export interface Wanted {
  readonly path: Path;
  readonly type: ColumnType;
  /** How many values it is for. */
  readonly values: number;
  /** Asked for by the configuration (pinned, hash): comes first, and is no part of objects kept whole. */
  readonly configured: boolean;
}

export interface WalkInput {
  readonly shape: ShapeJson;
  readonly columns: readonly CatalogColumn[];
  readonly settings: PlanSettings;
  readonly catchAll: boolean;
  readonly noRewrite: ReadonlySet<string>;
  /** `pathKey` of objects that the column limit keeps whole. */
  readonly keepWhole: ReadonlySet<string>;
  /** `wantedKey` of the columns that there is room for; undefined when there is room for all. */
  readonly room?: ReadonlySet<string>;
  /** Nothing can be added or changed. */
  readonly frozen: boolean;
  /** As PlanInput.siblings. */
  readonly siblings: boolean;
}

export interface Walked {
  readonly wanted: readonly Wanted[];
  readonly widen: TableChange["widen"];
  readonly rewrite: TableChange["rewrite"];
  /** Columns that a bulk load fills. */
  readonly fills: readonly { readonly path: Path; readonly slot: Slot }[];
  /** Why the load has to be staged; empty when it can be direct. */
  readonly reasons: readonly string[];
  /** Paths with values that have no column. */
  readonly rescued: readonly Path[];
}

/** What is known of the way from the root to a path. */
interface Above {
  /** A json column holds everything below. */
  readonly covered: boolean;
  /** One of them is filled by this shape. */
  readonly filled: boolean;
  /** Inside an object that is among `rescued`: its members are not named again. */
  readonly rescued: boolean;
}

export function wantedKey(path: Path, type: ColumnType): string {
  return `${pathKey(path)} ${type}`;
}

export function walkShape(input: WalkInput): Walked {
  return new Walk(input).result();
}

class Walk {
  readonly #input: WalkInput;
  readonly #columns: ReadonlyMap<string, CatalogColumn[]>;
  readonly #excluded: ReadonlySet<string>;
  readonly #hashed: ReadonlySet<string>;
  readonly #wanted: Wanted[] = [];
  readonly #widen: TableChange["widen"][number][] = [];
  readonly #rewrite: TableChange["rewrite"][number][] = [];
  readonly #fills: { path: Path; slot: Slot }[] = [];
  readonly #reasons: string[] = [];
  readonly #rescued: Path[] = [];

  constructor(input: WalkInput) {
    this.#input = input;
    this.#columns = Map.groupBy(input.columns, ({ path }) => pathKey(path));
    this.#excluded = new Set(input.settings.exclude.map(pathKey));
    this.#hashed = new Set(input.settings.hash.map(pathKey));
  }

  result(): Walked {
    this.#visit([], this.#input.shape, { covered: false, filled: false, rescued: false });
    return {
      wanted: this.#wanted,
      widen: this.#widen,
      rewrite: this.#rewrite,
      fills: this.#fills,
      reasons: this.#reasons,
      rescued: this.#rescued,
    };
  }

  #visit(path: Path, shape: ShapeJson, above: Above): void {
    const key = pathKey(path);
    if (this.#excluded.has(key)) return;
    if (this.#hashed.has(key)) return this.#visitHash(path, shape);
    const plan = this.#plan(path, key, shape, above.covered);
    this.#record(path, shape, plan, above);
    const below: Above = {
      covered: above.covered || plan.slots.some(({ type }) => type === "json"),
      filled: above.filled || plan.storesObjects,
      rescued: above.rescued || plan.losesObjects,
    };
    if (plan.storesObjects) this.#checkStripping(path, shape);
    if (shape.whole) this.#visitUnknown(path, shape);
    // In one order, whatever the order of the shape's keys, so that the same shape gives the same plan.
    const members = Object.entries(shape.keys ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [wire, child] of members) {
      const member = realKey(wire);
      if (path.length === 0 && member.startsWith(SYSTEM_PREFIX)) continue;
      const childPath = [...path, member];
      if (isAddressable(member)) this.#visit(childPath, child, below);
      else if (!below.covered && !below.rescued) this.#leaveWithout(childPath, "a key that is no address");
    }
  }

  #plan(path: Path, key: string, shape: ShapeJson, covered: boolean): PathPlan {
    const { settings, catchAll, keepWhole, noRewrite, frozen, siblings } = this.#input;
    return planPath({
      path,
      shape,
      columns: (this.#columns.get(key) ?? []).filter(({ type }) => type !== "hash"),
      pinned: catchAll ? undefined : settings.pinned.get(key)?.type,
      covered,
      keepWhole: keepWhole.has(key) || (catchAll && path.length === 0),
      hasRoom: (type) => this.#hasRoom(path, type),
      noRewrite,
      frozen,
      siblings,
    });
  }

  #record(path: Path, shape: ShapeJson, plan: PathPlan, above: Above): void {
    const pinned = this.#input.settings.pinned.get(pathKey(path))?.type;
    for (const { column, type } of plan.slots) {
      if (!column) this.#want(path, type, valuesFor(type, shape), type === pinned);
    }
    this.#widen.push(...plan.widen);
    this.#rewrite.push(...plan.rewrite);
    if (plan.rescued && !above.rescued) this.#rescued.push(path);
    this.#fills.push(...plan.fills.map((slot) => ({ path, slot })));
    if (plan.staged !== undefined) this.#stage(path, plan.staged);
    // A direct plan has no column within another's path, so that readers may take its paths for a tree.
    else if (plan.fills.length > 0 && above.filled) this.#stage(path, "a column inside an object kept whole");
  }

  #visitHash(path: Path, shape: ShapeJson): void {
    const values = [...SCALAR_KINDS, "array" as const].reduce(
      (sum, kind: Kind) => sum + countOf(shape, kind),
      0,
    );
    const objects = shape.whole || Object.keys(shape.keys ?? {}).length > 0 ? countOf(shape, "object") : 0;
    if (values + objects === 0) return;
    this.#wantHash(path, values + objects);
    this.#stage(path, "stored as hash");
  }

  #wantHash(path: Path, values: number): void {
    const column = this.#columns.get(pathKey(path))?.find(({ type }) => type === "hash");
    if (!column) this.#want(path, "hash", values, true);
  }

  /** The members of this object are not listed: columns below it may get values, and configured ones are made in advance. */
  #visitUnknown(path: Path, shape: ShapeJson): void {
    const { columns, settings, catchAll } = this.#input;
    const below = (other: Path): boolean => other.length > path.length && startsWithPath(other, path);
    const values = countOf(shape, "object");
    if (columns.some((column) => below(column.path)))
      this.#stage(path, "columns inside an object of unknown members");
    for (const hashed of settings.hash.filter((other) => below(other) && !this.#isExcluded(other))) {
      this.#wantHash(hashed, values);
      this.#stage(path, "hashes inside an object of unknown members");
    }
    for (const [key, { path: pinned, type }] of catchAll ? [] : settings.pinned) {
      const known = this.#columns.get(key)?.some((column) => column.type === type);
      if (!below(pinned) || known || this.#isExcluded(pinned) || this.#hashed.has(key)) continue;
      this.#want(pinned, type, values, true);
      this.#stage(path, "columns inside an object of unknown members");
    }
  }

  /** A bulk load stores an object as it is; what is excluded or hashed has to be taken out of it first. */
  #checkStripping(path: Path, shape: ShapeJson): void {
    for (const taken of [...this.#input.settings.exclude, ...this.#input.settings.hash]) {
      if (taken.length <= path.length || !startsWithPath(taken, path)) continue;
      if (mayHave(shape, taken.slice(path.length)))
        return this.#stage(path, "members to be left out of json");
    }
  }

  #isExcluded(path: Path): boolean {
    return path.some((_, level) => this.#excluded.has(pathKey(path.slice(0, level + 1))));
  }

  #want(path: Path, type: ColumnType, values: number, configured: boolean): void {
    if (this.#hasRoom(path, type)) this.#wanted.push({ path, type, values, configured });
  }

  #hasRoom(path: Path, type: ColumnType): boolean {
    const { frozen, room } = this.#input;
    return !frozen && (room === undefined || room.has(wantedKey(path, type)));
  }

  #leaveWithout(path: Path, reason: string): void {
    this.#rescued.push(path);
    this.#stage(path, reason);
  }

  #stage(path: Path, reason: string): void {
    this.#reasons.push(`${path.length === 0 ? "line" : JSON.stringify(path.join("."))}: ${reason}`);
  }
}

function valuesFor(type: ColumnType, shape: ShapeJson): number {
  const kinds = [...SCALAR_KINDS, "array" as const, "object" as const];
  return kinds
    .filter((kind) => holdOf(type, kind, shape) !== "none")
    .reduce((sum, kind) => sum + countOf(shape, kind), 0);
}

/** True when the objects of the shape may have a value at the path. */
function mayHave(shape: ShapeJson, path: Path): boolean {
  const [key, ...rest] = path;
  if (key === undefined || shape.whole) return true;
  const wire = wireKey(key);
  const child = shape.keys && Object.hasOwn(shape.keys, wire) ? shape.keys[wire] : undefined;
  return child !== undefined && mayHave(child, rest);
}
