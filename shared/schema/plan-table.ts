// Decides, from the merged shape of a batch and the catalog, what a table must become and how the batch is loaded. Pure: the same input gives
// the same plan, and planning again with the changed catalog asks for no change.
import type { Config } from "../config/schema.ts";
import type { ShapeJson } from "../contracts/shape.ts";
import { OTHER_EVENT_TYPE } from "../contracts/words.ts";
import type { TableAssignment } from "./assign-tables.ts";
import { limitColumns } from "./column-limit.ts";
import { typeName } from "./column-types.ts";
import { columnName, comparePaths, Names, pathKey, startsWithPath } from "./names.ts";
import { type PlanSettings, planSettings } from "./plan-settings.ts";
import { planWarnings } from "./plan-warnings.ts";
import { type Walked, walkShape, type Wanted } from "./plan-walk.ts";
import type {
  Catalog,
  CatalogColumn,
  CatalogTable,
  NewColumn,
  Path,
  TableChange,
  TableLoadPlan,
} from "./types.ts";

export { assignTables } from "./assign-tables.ts";

export interface PlanInput {
  /** Event types of the batch's units. */
  readonly eventTypes: readonly string[];
  /** Merged over the batch; `{}` when there are no lines. */
  readonly shape: ShapeJson;
  readonly catalog: Catalog;
  readonly config: Config;
  /** From `tableFor` or `assignTables`, the same for all of the event types. */
  readonly table: Pick<TableAssignment, "table" | "catchAll">;
  /** Columns whose rewriting or widening the warehouse refused (`rewriteRefused`, `widenRefused`): their paths get siblings. */
  readonly noRewrite?: readonly string[];
  /** Columns that the warehouse has and the catalog does not know (`nameTaken`): never used. */
  readonly takenColumns?: readonly string[];
  /** Stage the load whatever the shape proves: why (a direct load was refused, rows are replaced). */
  readonly stage?: string;
  /**
   * False when the receipts say that no line of the batch was normalised. Otherwise lines may bring values of excluded and hashed paths in
   * their `_lr_rescued`, which a bulk load would store: such a batch is staged when the table excludes or hashes anything.
   */
  readonly normalised?: boolean;
  /** No change is possible now (DDL does not get through within `schema_wait`): paths without a column are rescued. */
  readonly frozen?: boolean;
  /** The warehouse's direct load puts each value into the first of its path's columns that fits it (`Warehouse.fillsSiblings`). Default false. */
  readonly siblings?: boolean;
}

export interface TablePlan {
  /** Undefined when the table is as it must be. */
  readonly change?: TableChange;
  /** The load as it is once the change has been applied. */
  readonly plan: TableLoadPlan;
  /** For the operator: sibling columns, column limit. */
  readonly warnings: readonly string[];
}

/** `addedAt` of columns that are still to be added; the catalog has the true time. */
const NOT_YET = new Date(0);

export function planTable(input: PlanInput): TablePlan {
  const { catalog, config, table } = input;
  const known = catalog.tables.get(table.table);
  const columns = known?.columns ?? [];
  const settings = planSettings(config, settingsTypes(input, known));
  const walked = walkWithinLimit(input, columns, settings);
  const added = nameColumns(walked, columns, input.takenColumns ?? []);
  const change = changeOf(input, known, walked, added, settings);
  const plan = loadPlan(input, afterChange(columns, walked, added), walked, settings);
  return {
    ...(change && { change }),
    plan,
    warnings: planWarnings({ table: table.table, columns, added, walked, settings }),
  };
}

/** Settings hold for the table: for the event types it has, those that come, and for any in the catch-all table. */
function settingsTypes({ eventTypes, table }: PlanInput, known: CatalogTable | undefined): string[] {
  return [...eventTypes, ...(known?.eventTypes ?? []), ...(table.catchAll ? [OTHER_EVENT_TYPE] : [])];
}

function walkWithinLimit(
  input: PlanInput,
  columns: readonly CatalogColumn[],
  settings: PlanSettings,
): Walked {
  const walk = {
    shape: input.shape,
    columns,
    settings,
    catchAll: input.table.catchAll,
    noRewrite: new Set(input.noRewrite),
    frozen: input.frozen ?? false,
    siblings: input.siblings ?? false,
  };
  const unlimited = walkShape({ ...walk, keepWhole: new Set() });
  const limit = limitColumns(unlimited.wanted, columns, settings);
  return limit ? walkShape({ ...walk, ...limit }) : unlimited;
}

/** Names in the order of paths; a path's first column gets the path's name, the others that name with their kind. */
function nameColumns(
  walked: Walked,
  columns: readonly CatalogColumn[],
  taken: readonly string[],
): NewColumn[] {
  const names = new Names([...columns.map(({ column }) => column), ...taken]);
  const firstOf = new Map<string, string>();
  for (const { path, column } of columns) {
    if (!firstOf.has(pathKey(path))) firstOf.set(pathKey(path), column);
  }
  const inOrder = walked.wanted.toSorted((a, b) => comparePaths(a.path, b.path));
  return inOrder.map(({ path, type }: Wanted) => {
    const first = firstOf.get(pathKey(path));
    const column = names.take(first === undefined ? columnName(path) : `${first}_${typeName(type)}`);
    if (first === undefined) firstOf.set(pathKey(path), column);
    return { path, type, column };
  });
}

function changeOf(
  { eventTypes, catalog, table }: PlanInput,
  known: CatalogTable | undefined,
  { widen, rewrite }: Walked,
  addColumns: readonly NewColumn[],
  { eventTime }: PlanSettings,
): TableChange | undefined {
  const create = known === undefined;
  // The catch-all table is known by one event type: those in it would be as many as a wrong path makes.
  const mapped = table.catchAll ? [OTHER_EVENT_TYPE] : [...new Set(eventTypes)].sort();
  const newTypes = mapped.filter((eventType) => !catalog.tableOf.has(eventType));
  if (!create && newTypes.length + addColumns.length + widen.length + rewrite.length === 0) return undefined;
  const sorted = create && eventTime && addColumns.some(({ path }) => pathKey(path) === pathKey(eventTime));
  return {
    table: table.table,
    create,
    catchAll: table.catchAll,
    eventTypes: newTypes,
    addColumns,
    widen,
    rewrite,
    ...(sorted && { eventTime }),
  };
}

function afterChange(
  columns: readonly CatalogColumn[],
  { widen, rewrite }: Walked,
  added: readonly NewColumn[],
): CatalogColumn[] {
  const changed = new Map([...widen, ...rewrite].map(({ column, to }) => [column, to]));
  return [
    ...columns.map((column) => ({ ...column, type: changed.get(column.column) ?? column.type })),
    ...added.map((column) => ({ ...column, addedAt: NOT_YET })),
  ];
}

function loadPlan(
  { table, stage, normalised }: PlanInput,
  columns: readonly CatalogColumn[],
  walked: Walked,
  settings: PlanSettings,
): TableLoadPlan {
  const personal = settings.exclude.length + settings.hash.length > 0 && normalised !== false;
  const reasons = [
    ...(stage === undefined ? [] : [stage]),
    ...walked.reasons,
    ...(personal ? ["rescued values may be excluded or hashed"] : []),
  ];
  const common = {
    table: table.table,
    catchAll: table.catchAll,
    exclude: settings.exclude,
    hash: settings.hash,
  };
  if (reasons.length > 0) {
    const more = reasons.length > 3 ? ` and ${reasons.length - 3} more` : "";
    const reason = reasons.slice(0, 3).join("; ") + more;
    const filled = loadable(columns, settings);
    return { ...common, mode: "staged", reason, columns: filled, rescue: walked.rescued };
  }
  const filled = new Set(
    walked.fills.map(({ path, slot }) => `${pathKey(path)} ${slot.column?.column ?? slot.type}`),
  );
  const isFilled = ({ path, column, type, addedAt }: CatalogColumn): boolean =>
    filled.has(`${pathKey(path)} ${addedAt === NOT_YET ? type : column}`);
  return { ...common, mode: "direct", columns: columns.filter(isFilled) };
}

/** The columns that may be filled under the settings as they are now, a path's pinned column before its siblings. */
function loadable(
  columns: readonly CatalogColumn[],
  { exclude, hash, pinned }: PlanSettings,
): CatalogColumn[] {
  const hashed = new Set(hash.map(pathKey));
  const usable = columns.filter(({ path, type }) => {
    if (isWithin(path, exclude)) return false;
    return type === "hash" ? hashed.has(pathKey(path)) : !isWithin(path, hash);
  });
  const isPinned = ({ path, type }: CatalogColumn): boolean => pinned.get(pathKey(path))?.type === type;
  return [...usable.filter(isPinned), ...usable.filter((column) => !isPinned(column))];
}

function isWithin(path: Path, paths: readonly Path[]): boolean {
  return paths.some((start) => startsWithPath(path, start));
}
