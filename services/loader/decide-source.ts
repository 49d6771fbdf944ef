// What is to be done with a receipt, by what the ledger says of the sources of its bucket and key. Pure.
import type { SourceRow } from "../../shared/ports/warehouse.ts";
import { blocks, isActive, replaces } from "../../shared/warehouse/source-rules.ts";

export type Decision =
  /** The ledger has the last word on it already. */
  | { readonly kind: "done"; readonly row: SourceRow }
  /** Nothing of it is loaded: write this row and be done. */
  | { readonly kind: "settle"; readonly row: SourceRow }
  /** It takes the place of others: announce it holding all slots. */
  | { readonly kind: "supersede" }
  /** It is the only one of its name: insert its row in state `loading` before its first unit. */
  | { readonly kind: "announce" }
  /** Announced before (by a delivery that was cut short, or before it went to `pending`). */
  | { readonly kind: "resume" };

/**
 * `row` is the receipt's own (source-row.ts), `returned` the receipt's word that the same content came back, `known` the ledger's rows of
 * the same bucket and key.
 */
export function decideSource(row: SourceRow, returned: boolean, known: readonly SourceRow[]): Decision {
  const own = known.find(
    ({ sourceId, generation }) => sourceId === row.sourceId && generation === row.generation,
  );
  const others = known.filter((other) => other !== own);
  if (own && isFinal(own, returned)) return { kind: "done", row: own };
  if (row.state !== "loading") return { kind: "settle", row };
  if (others.some((other) => blocks(other, row)))
    return { kind: "settle", row: { ...row, state: "replaced" } };
  const stillLoaded = returned ? latestLower(row, others) : undefined;
  if (stillLoaded?.state === "loaded") return { kind: "settle", row: ignored(row, sameContent(stillLoaded)) };
  if (row.onOverwrite === "ignore" && own?.state !== "loading") {
    const first = others.find((other) => other.sourceId !== row.sourceId && isActive(other.state));
    if (first)
      return { kind: "settle", row: ignored(row, `on_overwrite is ignore and ${first.sourceId} was first`) };
  }
  if (row.generation > 0 || others.some((other) => replaces(row, other))) return { kind: "supersede" };
  return own?.state === "loading" ? { kind: "resume" } : { kind: "announce" };
}

/** An ignored one that had come back is looked at again: what it was ignored for may have been replaced meanwhile. */
function isFinal(own: SourceRow, returned: boolean): boolean {
  return own.state !== "loading" && !(own.state === "ignored" && returned);
}

/** The highest lower generation of the source that was not itself ignored: it has the rows, if any has. */
function latestLower(row: SourceRow, others: readonly SourceRow[]): SourceRow | undefined {
  return others
    .filter((other) => other.sourceId === row.sourceId && other.generation < row.generation)
    .filter(({ state }) => state !== "ignored")
    .toSorted((a, b) => b.generation - a.generation)[0];
}

/** It keeps its place in the order: older sources that arrive late are blocked by it. */
function ignored(row: SourceRow, reason: string): SourceRow {
  return { ...row, state: "ignored", reason };
}

function sameContent(loaded: SourceRow): string {
  return `the same content is loaded as generation ${loaded.generation}`;
}
