// What to do when a table would get more columns than it may have (DESIGN.md 4): existing columns stay, objects with many new paths are
// kept whole in one json column each, and what is left over goes to the rescue column, the rarest first.
import { columnName, comparePaths, MAX_NAME_BYTES, pathKey } from "./names.ts";
import type { PlanSettings } from "./plan-settings.ts";
import { type Wanted, wantedKey } from "./plan-walk.ts";
import type { CatalogColumn, Path } from "./types.ts";

export interface ColumnLimit {
  /** `pathKey` of objects to be kept whole. */
  readonly keepWhole: ReadonlySet<string>;
  /** `wantedKey` of the columns that there is room for: of those wanted, and of the json columns of objects kept whole. */
  readonly room: ReadonlySet<string>;
}

/** An object with wanted columns below it. */
interface Branch {
  readonly path: Path;
  readonly parent: Branch | undefined;
  readonly children: Branch[];
  readonly leaves: Wanted[];
  kept: boolean;
}

/** Quotes and comma around a name in a column list. */
const LIST_BYTES = 3;
/** For the number or kind that a name may get. */
const SUFFIX_BYTES = 4;

/** Undefined when there is room for all. */
export function limitColumns(
  wanted: readonly Wanted[],
  columns: readonly CatalogColumn[],
  settings: PlanSettings,
): ColumnLimit | undefined {
  const listed = columns.reduce((sum, { column }) => sum + column.length + LIST_BYTES, 0);
  const room = {
    columns: settings.maxColumns - columns.length,
    bytes: settings.maxColumnListBytes - listed,
  };
  const needed = sizeOf(wanted);
  const excess = (): boolean => needed.columns > room.columns || needed.bytes > room.bytes;
  if (!excess()) return undefined;
  const sorted = wanted.toSorted((a, b) => comparePaths(a.path, b.path) || (a.type < b.type ? -1 : 1));
  const root = branchesOf(sorted.filter(({ configured }) => !configured));
  const keepWhole = (branch: Branch): void => {
    const before = sizeOf(leavesOf(branch));
    const json = keep(branch);
    needed.columns += 1 - before.columns;
    needed.bytes += listBytes(json) - before.bytes;
  };
  keepWholeByLeaves(root, keepWhole, excess);
  keepWholeFromBelow(root, keepWhole, excess);
  const remaining = [...sorted.filter(({ configured }) => configured), ...leavesOf(root)];
  return {
    keepWhole: new Set(keptBranches(root).map(({ path }) => pathKey(path))),
    room: withinRoom(remaining, room),
  };
}

function sizeOf(wanted: readonly Wanted[]): { columns: number; bytes: number } {
  return { columns: wanted.length, bytes: wanted.reduce((sum, one) => sum + listBytes(one), 0) };
}

function listBytes({ path }: Wanted): number {
  return Math.min(MAX_NAME_BYTES, columnName(path).length + SUFFIX_BYTES) + LIST_BYTES;
}

/** First what the configuration asks for, then by number of values; a column that does not fit into the rest of the room is left out. */
function withinRoom(wanted: readonly Wanted[], room: { columns: number; bytes: number }): Set<string> {
  const order = wanted.toSorted(
    (a, b) =>
      Number(b.configured) - Number(a.configured) || b.values - a.values || comparePaths(a.path, b.path),
  );
  const within = new Set<string>();
  let { columns, bytes } = room;
  for (const one of order) {
    if (columns < 1 || listBytes(one) > bytes) continue;
    columns--;
    bytes -= listBytes(one);
    within.add(wantedKey(one.path, one.type));
  }
  return within;
}

function branchesOf(wanted: readonly Wanted[]): Branch {
  const root: Branch = { path: [], parent: undefined, children: [], leaves: [], kept: false };
  const known = new Map<string, Branch>([[pathKey([]), root]]);
  const branchAt = (path: Path): Branch => {
    const found = known.get(pathKey(path));
    if (found) return found;
    const parent = branchAt(path.slice(0, -1));
    const branch: Branch = { path, parent, children: [], leaves: [], kept: false };
    parent.children.push(branch);
    known.set(pathKey(path), branch);
    return branch;
  };
  for (const one of wanted) branchAt(one.path.slice(0, -1)).leaves.push(one);
  return root;
}

/** The object with the most new members is kept whole, and so on; its json column is then a new member of the object around it. */
function keepWholeByLeaves(root: Branch, keepWhole: (branch: Branch) => void, excess: () => boolean): void {
  const byLeaves: Branch[][] = [];
  const put = (branch: Branch): void => {
    (byLeaves[branch.leaves.length] ??= []).push(branch);
  };
  for (const branch of liveBranches(root)) put(branch);
  for (let most = byLeaves.length - 1; most >= 2;) {
    const branch = byLeaves[most]?.shift();
    if (!branch) most--;
    else if (isLive(branch) && branch.leaves.length === most) {
      keepWhole(branch);
      if (!excess()) return;
      if (branch.parent!.path.length > 0) put(branch.parent!);
      most = byLeaves.length - 1;
    }
  }
}

/** No object has two new members of its own any more: from the deepest up, those with two or more anywhere below are kept whole. */
function keepWholeFromBelow(root: Branch, keepWhole: (branch: Branch) => void, excess: () => boolean): void {
  if (!excess()) return;
  const deepestFirst = liveBranches(root).toSorted((a, b) => b.path.length - a.path.length);
  for (const branch of deepestFirst) {
    if (!isLive(branch) || leavesOf(branch).length < 2) continue;
    keepWhole(branch);
    if (!excess()) return;
  }
}

function keep(branch: Branch): Wanted {
  const values = leavesOf(branch).reduce((most, leaf) => Math.max(most, leaf.values), 0);
  const json: Wanted = { path: branch.path, type: "json", values, configured: false };
  branch.kept = true;
  branch.parent!.leaves.push(json);
  return json;
}

function isLive(branch: Branch): boolean {
  for (let at: Branch | undefined = branch; at; at = at.parent) if (at.kept) return false;
  return true;
}

/** Objects below the root that are not kept whole, nor inside one that is. */
function liveBranches(branch: Branch): Branch[] {
  return branch.children.filter(({ kept }) => !kept).flatMap((child) => [child, ...liveBranches(child)]);
}

function keptBranches(branch: Branch): Branch[] {
  return branch.children.flatMap((child) => (child.kept ? [child] : keptBranches(child)));
}

function leavesOf(branch: Branch): Wanted[] {
  return [...branch.leaves, ...branch.children.filter(({ kept }) => !kept).flatMap(leavesOf)];
}
