// The row of `sources` that a receipt stands for.
import type { Receipt } from "../../shared/contracts/receipt.ts";
import type { SourceRow } from "../../shared/ports/warehouse.ts";

/** In state `loading` when there is something to load, else as the receipt says. A source that is not loaded replaces nothing. */
export function sourceRow(receipt: Receipt): SourceRow {
  const { source, lines, state } = receipt;
  return {
    sourceId: source.id,
    generation: receipt.generation,
    bucket: source.bucket,
    key: source.key,
    etag: source.etag,
    lastModified: new Date(source.last_modified),
    bytes: source.bytes,
    lines: lines.total,
    blank: lines.blank,
    quarantined: lines.quarantined,
    dropped: lines.dropped,
    normalised: lines.normalised,
    state: state === "split" ? "loading" : state,
    splitAt: new Date(receipt.split_at),
    onOverwrite: state === "split" ? receipt.on_overwrite : "ignore",
    ...(receipt.failure ? { reason: reasonOf(receipt.failure) } : {}),
  };
}

function reasonOf({
  code,
  message,
  after_line: line,
  after_byte: byte,
}: NonNullable<Receipt["failure"]>): string {
  return `${code}: ${message}, after line ${line}, byte ${byte}`;
}
