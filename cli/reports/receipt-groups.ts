// All receipts of each source, source by source in ascending order of id.
import { parseReceiptKey } from "../../shared/contracts/keys.ts";
import type { Receipt } from "../../shared/contracts/receipt.ts";
import { isRouterError } from "../../shared/errors/router-error.ts";
import { readReceipt } from "../../shared/receipts/read-receipt.ts";
import { unitsOf } from "../../shared/receipts/receipt-units.ts";
import type { ReportDeps } from "./deps.ts";

/** What reports need of a receipt; the shapes, which can be megabytes, are let go. */
export interface ReceiptSummary {
  readonly key: string;
  readonly source: Receipt["source"];
  readonly generation: number;
  readonly state: Receipt["state"];
  readonly salvaged: boolean;
  readonly splitAt: string;
  readonly failure?: Receipt["failure"];
  readonly lines: Receipt["lines"];
  readonly units: readonly { readonly eventType: string; readonly lines: number }[];
  readonly quarantine: Receipt["quarantine"];
  /** Every object that the receipt names. */
  readonly objects: readonly string[];
}

export interface ReceiptGroup {
  readonly id: string;
  /** Ascending by generation. */
  readonly receipts: readonly ReceiptSummary[];
  /** Receipts that cannot be read. */
  readonly broken: readonly { readonly key: string; readonly generation: number; readonly reason: string }[];
}

/** Memory: the receipts of one source. `prefix`: only ids that start with it. */
export async function* receiptGroups(
  { store, routedBucket, signal }: Pick<ReportDeps, "store" | "routedBucket" | "signal">,
  prefix = "",
): AsyncGenerator<ReceiptGroup, void, undefined> {
  let group: { id: string; receipts: ReceiptSummary[]; broken: ReceiptGroup["broken"][number][] } | undefined;
  for await (const { key } of store.list(routedBucket, `receipts/${prefix}`, signal ? { signal } : {})) {
    const named = parseReceiptKey(key);
    if (!named) continue;
    if (group && group.id !== named.source) yield sorted(group);
    if (group?.id !== named.source) group = { id: named.source, receipts: [], broken: [] };
    try {
      group.receipts.push(summary(key, await readReceipt(store, routedBucket, key, signal)));
    } catch (error) {
      if (!isRouterError(error)) throw error;
      group.broken.push({ key, generation: named.generation, reason: error.message });
    }
  }
  if (group) yield sorted(group);
}

function sorted(group: ReceiptGroup): ReceiptGroup {
  return { ...group, receipts: group.receipts.toSorted((a, b) => a.generation - b.generation) };
}

function summary(key: string, receipt: Receipt): ReceiptSummary {
  return {
    key,
    source: receipt.source,
    generation: receipt.generation,
    state: receipt.state,
    salvaged: receipt.salvaged === true,
    splitAt: receipt.split_at,
    ...(receipt.failure ? { failure: receipt.failure } : {}),
    lines: receipt.lines,
    units: unitsOf(receipt).map(({ eventType, lines }) => ({ eventType, lines })),
    quarantine: receipt.quarantine,
    objects: [
      ...receipt.parts.map((part) => part.key),
      ...receipt.quarantine.map((object) => object.key),
      ...(receipt.shapes ? [receipt.shapes.key] : []),
    ],
  };
}
