// What one path needs for the values that a shape has seen there: columns made wider, rewritten or added, and whether a bulk load may fill them.
import type { ShapeJson } from "../contracts/shape.ts";
import {
  firstTypes,
  integersFitDouble,
  parseColumnType,
  stringType,
  textBytes,
  typeName,
} from "./column-types.ts";
import { countOf, isScalarKind, isTextKind, scalarKinds, type StoredKind } from "./kinds.ts";
import { holdOf, isHeld } from "./shape-fits.ts";
import type { CatalogColumn, ColumnType, Path } from "./types.ts";

export interface PathInput {
  readonly path: Path;
  readonly shape: ShapeJson;
  /** The path's columns in catalog order, without those of type hash. */
  readonly columns: readonly CatalogColumn[];
  readonly pinned?: ColumnType | undefined;
  /** A json column above holds everything here: columns go on being filled, new ones are not made. */
  readonly covered: boolean;
  /** The object here is to be kept in a json column although its members are known. */
  readonly keepWhole: boolean;
  /** Columns that the warehouse refused to rewrite or to make wider. */
  readonly noRewrite: ReadonlySet<string>;
  /** False when the column limit leaves no room for a new column of the type. */
  readonly hasRoom: (type: ColumnType) => boolean;
  /** Columns stay as they are. */
  readonly frozen: boolean;
  /** A bulk load puts each value into the first of the path's columns that fits it. */
  readonly siblings: boolean;
}

/** A column of the path as it is after the change. */
export interface Slot {
  /** Undefined for a new one. */
  readonly column?: CatalogColumn;
  readonly type: ColumnType;
}

export interface PathPlan {
  /** In the order in which values try them: the pinned type first, then catalog order, then new ones. */
  readonly slots: readonly Slot[];
  readonly widen: readonly { readonly column: string; readonly from: ColumnType; readonly to: ColumnType }[];
  readonly rewrite: readonly { readonly column: string; readonly from: "integer"; readonly to: "double" }[];
  /** The columns that a bulk load fills with the values seen: none, one, or siblings. */
  readonly fills: readonly Slot[];
  /** Why values have to be looked at one by one. */
  readonly staged?: string;
  /** Some values have no column, and no json column above. */
  readonly rescued: boolean;
  /** Objects here are stored in a json column of this path. */
  readonly storesObjects: boolean;
  /** They should be, and there is no room for it. */
  readonly losesObjects: boolean;
}

export function planPath(input: PathInput): PathPlan {
  const storesObjects = storesObjectsHere(input);
  const kinds = storedKinds(input, storesObjects);
  const slots = withPinned(input, kinds);
  const widen = widenText(input, slots, kinds);
  const rewrite = rewriteInteger(input, slots, kinds);
  if (!input.covered) {
    const types = firstTypes(input.shape, new Set(unheld(input.shape, slots, kinds)));
    slots.push(...types.filter((type) => input.hasRoom(type)).map((type) => ({ type })));
  }
  const without = unheld(input.shape, slots, kinds);
  const fit = fillOf(input, slots, kinds, storesObjects);
  const rescued = without.length > 0 && !input.covered;
  const staged = rescued ? `no column for ${without.join(", ")}` : fit.staged;
  const hasJson = slots.some(({ type }) => type === "json");
  return {
    slots,
    widen,
    rewrite,
    rescued,
    storesObjects: storesObjects && hasJson,
    losesObjects: storesObjects && !hasJson,
    ...(staged === undefined ? { fills: fit.fills } : { fills: [], staged }),
  };
}

/** A json column takes objects as well as arrays; without one, an object's members have columns of their own. */
function storesObjectsHere({ shape, columns, pinned, covered, keepWhole }: PathInput): boolean {
  if (countOf(shape, "object") === 0) return false;
  if (columns.some(({ type }) => type === "json")) return true;
  if (covered) return false;
  return keepWhole || shape.whole === true || pinned === "json" || countOf(shape, "array") > 0;
}

function storedKinds({ shape, columns, covered }: PathInput, storesObjects: boolean): StoredKind[] {
  const kinds: StoredKind[] = [...scalarKinds(shape)];
  const storesArrays = !covered || columns.some(({ type }) => type === "json");
  if (countOf(shape, "array") > 0 && storesArrays) kinds.push("array");
  if (storesObjects) kinds.push("object");
  return kinds;
}

function withPinned({ shape, columns, pinned, hasRoom }: PathInput, kinds: readonly StoredKind[]): Slot[] {
  const slots: Slot[] = columns.map((column) => ({ column, type: column.type }));
  if (pinned === undefined) return slots;
  const known = slots.find(({ type }) => type === pinned);
  if (known) return [known, ...slots.filter((slot) => slot !== known)];
  const useful = kinds.some((kind) => holdOf(pinned, kind, shape) !== "none");
  return useful && hasRoom(pinned) ? [{ type: pinned }, ...slots] : slots;
}

/** Strings that are too long for the path's string column make it wider by steps, unless its type is pinned. */
function widenText(
  { shape, pinned, frozen, noRewrite }: PathInput,
  slots: Slot[],
  kinds: readonly StoredKind[],
): PathPlan["widen"] {
  const texts = unheld(shape, slots, kinds).filter(isTextKind);
  const at = slots.findLastIndex(
    ({ column, type }) => column && type !== pinned && typeName(type) === "string",
  );
  const { column, type: from } = slots[at] ?? {};
  if (frozen || texts.length === 0 || !column || !from || noRewrite.has(column.column)) return [];
  const to = stringType(textBytes(shape, texts));
  if (to === undefined || parseColumnType(to).bytes <= parseColumnType(from).bytes) return [];
  slots[at] = { column, type: to };
  return [{ column: column.column, from, to }];
}

/**
 * Floats at an integer column make it a double while the table is young; the warehouse decides that, and refuses if not. Inside an object
 * kept whole there would be no sibling after a refusal, and so a refusal with each batch: there floats stay in the json.
 */
function rewriteInteger(input: PathInput, slots: Slot[], kinds: readonly StoredKind[]): PathPlan["rewrite"] {
  const { shape, pinned, noRewrite, frozen, covered } = input;
  const at = slots.findIndex(({ column, type }) => column && type === "integer" && pinned !== "integer");
  const { column } = slots[at] ?? {};
  const wanted = unheld(shape, slots, kinds).includes("float") && integersFitDouble(shape);
  if (frozen || covered || !wanted || !column || noRewrite.has(column.column)) return [];
  slots[at] = { column, type: "double" };
  return [{ column: column.column, from: "integer", to: "double" }];
}

/** Types whose columns take a value as it is: nothing is computed. */
const PLAIN_TYPES: ReadonlySet<string> = new Set([
  "boolean",
  "integer",
  "double",
  "string",
  "timestamp",
  "timestamptz",
  "date",
]);

function unheld(shape: ShapeJson, slots: readonly Slot[], kinds: readonly StoredKind[]): StoredKind[] {
  return kinds.filter((kind) => !slots.some(({ type }) => isHeld(holdOf(type, kind, shape))));
}

/**
 * A bulk load puts a path into one column and looks at no value, so that column must be the first that any value fits, hold all of them
 * directly, and meet nothing else there (an object whose members have columns of their own). Where it looks at the values of such a path
 * (`siblings`), every scalar may go to the column that fits it.
 */
function fillOf(
  { shape, siblings, pinned }: PathInput,
  slots: readonly Slot[],
  kinds: readonly StoredKind[],
  storesObjects: boolean,
): { readonly fills: readonly Slot[]; readonly staged?: string } {
  const first = slots.find(({ type }) => kinds.some((kind) => holdOf(type, kind, shape) !== "none"));
  if (!first) return { fills: [] };
  const others: StoredKind[] = countOf(shape, "object") > 0 && !storesObjects ? ["object"] : [];
  const indirect = kinds.filter((kind) => holdOf(first.type, kind, shape) !== "direct");
  if (others.length + indirect.length === 0) return { fills: [first] };
  const isPlain = kinds.every(isScalarKind) && slots.every(({ type }) => PLAIN_TYPES.has(typeName(type)));
  if (siblings && pinned === undefined && isPlain && others.length + unheld(shape, slots, kinds).length === 0)
    return { fills: slots };
  return { fills: [], staged: `${[...kinds, ...others].join(", ")} for a column ${first.type}` };
}
