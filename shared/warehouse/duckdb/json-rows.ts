// Lists of any length enter a statement as one bound JSON text, so that no statement grows with them.
import { quoteLiteral } from "../sql/quote.ts";
import type { Parameters } from "./session.ts";

/** Column name → DuckDB type of one row. */
export type RowType = Readonly<Record<string, string>>;

/** FROM clause: the rows bound as `$<name>`. */
export function boundRows(name: string, type: RowType): string {
  const structure = quoteLiteral(JSON.stringify([type]));
  return `(SELECT unnest(from_json($${name}, ${structure}), recursive := true))`;
}

/** The parameter for `boundRows(name, …)`. Dates become ISO texts, absent members NULL. */
export function bindRows(name: string, rows: readonly object[]): Parameters {
  return { [name]: JSON.stringify(rows) };
}

export const UNIT_ROW = { source_id: "VARCHAR", generation: "BIGINT", event_type: "VARCHAR" } as const;

/** A unit's key in the ledger's words. */
export function unitRow(unit: { sourceId: string; generation: number; eventType: string }): object {
  return { source_id: unit.sourceId, generation: unit.generation, event_type: unit.eventType };
}
