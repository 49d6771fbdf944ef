// Whether the ledger has settled what was sent.
import { sourceId } from "../../../shared/contracts/keys.ts";
import type { SourceRow, Warehouse } from "../../../shared/ports/warehouse.ts";
import type { SentObject } from "./sent-batches.ts";

export interface Looked {
  readonly settled: readonly { readonly object: SentObject; readonly row: SourceRow }[];
  readonly unsettled: readonly SentObject[];
}

/** One read of the ledger. */
export async function lookUp(
  warehouse: Warehouse,
  objects: readonly SentObject[],
  signal: AbortSignal,
): Promise<Looked> {
  const names = objects.map(({ bucket, key }) => ({ bucket, key }));
  const rows = Map.groupBy(await warehouse.findSources({ names }, signal), nameOf);
  const settled: Looked["settled"][number][] = [];
  const unsettled: SentObject[] = [];
  for (const object of objects) {
    const row = settledRow(object, rows.get(nameOf(object)) ?? []);
    if (row) settled.push({ object, row });
    else unsettled.push(object);
  }
  return { settled, unsettled };
}

/**
 * The row of the content that was sent, or of newer content under the same key, once it is final. A row `replaced` is final only for content
 * not older than what was sent: content that has come back has such a row from before.
 */
function settledRow(object: SentObject, rows: readonly SourceRow[]): SourceRow | undefined {
  const id = sourceId(object.bucket, object.key, object.etag);
  return rows.findLast(
    ({ sourceId: rowId, state, lastModified }) =>
      state !== "loading" && ((rowId === id && state !== "replaced") || lastModified >= object.lastModified),
  );
}

function nameOf({ bucket, key }: { readonly bucket: string; readonly key: string }): string {
  return JSON.stringify([bucket, key]);
}
