// The direct way: DuckDB's typed reader maps members to columns itself, where it reads exactly. It does not (a) where two keys of one
// object differ by case alone, since its struct fields fold case; (b) where one path has several columns, or a column and columns
// below; (c) for decimals, which it passes through a double (19.99 as decimal(38,20) becomes 19.98999999999999737856), for hashes and epoch
// numbers, and for json columns with dropped paths inside. Such places are read as JSON and placed checked.
import type { ColumnType } from "../../schema/types.ts";
import { quoteIdentifier, quoteLiteral } from "../sql/quote.ts";
import type { PathNode } from "./path-tree.ts";
import { droppedBelow, hasColumns } from "./path-tree.ts";
import { sqlType } from "./types.ts";

export interface TypedProjection {
  /** Members of the line → DuckDB type, for the reader. */
  readonly members: ReadonlyMap<string, string>;
  /** Columns that the reader fills → their expression over the reader's columns. */
  readonly columns: ReadonlyMap<string, string>;
  /** Places to be placed checked → their expression, JSON. */
  readonly places: readonly { readonly node: PathNode; readonly expression: string }[];
}

const needsChecking = (type: ColumnType): boolean =>
  type === "hash" || type.startsWith("epoch_") || type.startsWith("decimal(");

/** DuckDB folds ASCII letters only. */
const fold = (key: string): string => key.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

function differByCaseAlone(keys: readonly string[]): boolean {
  return new Set(keys.map(fold)).size < keys.length;
}

function isTypedLeaf(node: PathNode): boolean {
  const [column, ...siblings] = node.columns;
  return (
    column !== undefined &&
    siblings.length === 0 &&
    !hasLoadedChildren(node) &&
    !needsChecking(column.type) &&
    (column.type !== "json" || droppedBelow(node).length === 0)
  );
}

const loadedChildren = (node: PathNode): PathNode[] => [...node.children.values()].filter(hasColumns);
const hasLoadedChildren = (node: PathNode): boolean => loadedChildren(node).length > 0;
const keyOf = (node: PathNode): string => node.path.at(-1)!;

/** Undefined when not even the line's own members can be read typed: then whole lines have to be. */
export function typedProjection(
  root: PathNode,
  system: ReadonlyMap<string, string>,
): TypedProjection | undefined {
  const children = loadedChildren(root);
  if (root.columns.length > 0) return undefined;
  if (differByCaseAlone([...system.keys(), ...children.map(keyOf)])) return undefined;
  const members = new Map(system);
  const columns = new Map<string, string>();
  const places: { node: PathNode; expression: string }[] = [];

  const typeOf = (node: PathNode, expression: string): string => {
    if (isTypedLeaf(node)) {
      columns.set(node.columns[0]!.column, expression);
      return sqlType(node.columns[0]!.type);
    }
    const inner = loadedChildren(node);
    if (node.columns.length > 0 || differByCaseAlone(inner.map(keyOf))) {
      places.push({ node, expression });
      return "JSON";
    }
    const fields = inner.map((child) => {
      const type = typeOf(child, `struct_extract(${expression}, ${quoteLiteral(keyOf(child))})`);
      return `${quoteIdentifier(keyOf(child))} ${type}`;
    });
    return `STRUCT(${fields.join(", ")})`;
  };

  for (const child of children) members.set(keyOf(child), typeOf(child, quoteIdentifier(keyOf(child))));
  return { members, columns, places };
}
