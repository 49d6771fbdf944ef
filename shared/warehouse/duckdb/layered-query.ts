// A query built in layers: each layer names expressions over the names of the layers below, so that a value that several columns
// need (an extracted member) is worked out once. Names are our own (x1, x2 …): no key of the data ever becomes one.

export interface LayeredQuery {
  /** Names an expression of the layer being built; usable from the next layer on. */
  define(expression: string): string;
  /** Ends the layer. */
  next(): void;
  /** The whole query, with every name defined so far. */
  sql(): string;
}

/** `from`: the FROM clause that the first layer's expressions are written over, with its WHERE. */
export function createLayeredQuery(from: string): LayeredQuery {
  let query: string | undefined;
  let layer: string[] = [];
  let names = 0;
  const next = (): void => {
    if (layer.length === 0) return;
    const source = query === undefined ? from : `FROM (${query})`;
    query = `SELECT ${query === undefined ? "" : "*, "}${layer.join(",\n  ")}\n${source}`;
    layer = [];
  };
  return {
    define(expression) {
      const name = `x${++names}`;
      layer.push(`${expression} AS ${name}`);
      return name;
    },
    next,
    sql() {
      next();
      return query ?? `SELECT 1 ${from}`;
    },
  };
}
