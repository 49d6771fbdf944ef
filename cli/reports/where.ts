// `log-router where`: everything known about one source object, and what to do next.
import { z } from "zod";
import type { DeadLetter } from "../../shared/ports/queue.ts";
import type { LedgerRow, PendingRow, SourceRow } from "../../shared/ports/warehouse.ts";
import { receiptsOf } from "./audit-ids.ts";
import { auditSource } from "./audit-source.ts";
import type { ReportDeps } from "./deps.ts";
import type { FoundSources } from "./find-source.ts";
import { nextStep } from "./next-step.ts";
import type { ReceiptGroup, ReceiptSummary } from "./receipt-groups.ts";

/** Dead letters looked through for a source's key. */
const DEAD_LETTERS = 1000;
/** Pending units looked through. (A row without event type stands for the source itself.) */
const PENDING = 100_000;

const count = z.int().min(0);

export const whereSchema = z.object({
  source_id: z.string(),
  bucket: z.string().describe("`local` for files of this machine"),
  key: z.string(),
  state: z
    .string()
    .describe("waiting (no receipt yet), unloaded, loading, loaded, failed, replaced, ignored, dead"),
  reason: z.string().nullable().describe("Why it has no rows"),
  generation: count,
  etag: z.string().nullable(),
  bytes: count.nullable(),
  last_modified: z.iso.datetime().nullable(),
  split_at: z.iso.datetime().nullable(),
  receipt: z.string().nullable().describe("Key of the receipt"),
  lines: z
    .object({
      total: count,
      rows: count,
      quarantined: count,
      dropped: count,
      blank: count,
      normalised: count,
    })
    .nullable()
    .describe("As the receipt promises"),
  parts: count.nullable(),
  units: z
    .array(
      z.object({
        event_type: z.string(),
        lines: count,
        table: z.string().nullable(),
        rows: count,
        rejected: count,
        state: z.enum(["waiting", "pending", "loaded", "replaced"]),
        loaded_at: z.iso.datetime().nullable(),
        attempts: count,
        last_error: z.string().nullable(),
        next_try: z.iso.datetime().nullable(),
      }),
    )
    .describe("One for each event type"),
  quarantine: z.array(z.object({ key: z.string(), lines: count })),
  dead_letters: z.array(
    z.object({
      queue: z.enum(["split", "load", "backfill"]),
      reason: z.string().nullable(),
      receives: count,
    }),
  ),
  next_step: z.string().describe("What to do, or that nothing is to be done"),
});
export type WhereReport = z.infer<typeof whereSchema>;

/** One report for each content that the key has had, oldest first. */
export async function whereReports(deps: ReportDeps, found: FoundSources): Promise<WhereReport[]> {
  const { warehouse, signal } = deps;
  const rows = await warehouse.findSources({ ids: found.ids }, signal);
  const loads = await warehouse.read.loads(found.ids, signal);
  const pending = await warehouse.pending({ limit: PENDING }, signal);
  const reports: WhereReport[] = [];
  for (const id of found.ids) {
    const group = await receiptsOf(deps, id);
    const sources = rows.filter((row) => row.sourceId === id).sort((a, b) => a.generation - b.generation);
    const mine = {
      group,
      sources,
      loads: loads.filter((unit) => unit.sourceId === id),
      pending: pending.filter((unit) => unit.sourceId === id && unit.eventType !== ""),
    };
    reports.push(await whereReport(deps, id, mine, found));
  }
  return reports;
}

interface Facts {
  readonly group: ReceiptGroup | undefined;
  readonly sources: readonly SourceRow[];
  readonly loads: readonly LedgerRow[];
  readonly pending: readonly PendingRow[];
}

async function whereReport(
  deps: ReportDeps,
  id: string,
  facts: Facts,
  found: FoundSources,
): Promise<WhereReport> {
  const { group, sources, loads } = facts;
  const receipt = group?.receipts.at(-1);
  const row = sources.at(-1);
  const name = row?.key ?? receipt?.source.key ?? found.key ?? "";
  const bucket = row?.bucket ?? receipt?.source.bucket ?? found.bucket ?? "";
  const verdict = auditSource(id, group, sources.length > 0 ? { id, sources, loads } : undefined);
  const state = receipt || row ? verdict.state : "waiting";
  const units = receipt ? unitsOf(receipt, facts) : [];
  const dead = await deadLetters(deps, id, name);
  const reason = verdict.reason ?? null;
  return {
    source_id: id,
    bucket,
    key: name,
    state,
    reason,
    generation: receipt?.generation ?? row?.generation ?? 0,
    etag: receipt?.source.etag ?? row?.etag ?? null,
    bytes: receipt?.source.bytes ?? row?.bytes ?? null,
    last_modified: receipt?.source.last_modified ?? row?.lastModified.toISOString() ?? null,
    split_at: receipt?.splitAt ?? row?.splitAt.toISOString() ?? null,
    receipt: receipt?.key ?? null,
    lines: receipt?.lines ?? null,
    parts: receipt?.objects.filter((object) => object.startsWith("parts/")).length ?? null,
    units,
    quarantine: (receipt?.quarantine ?? []).map((object) => ({ key: object.key, lines: object.lines })),
    dead_letters: dead,
    next_step: nextStep({
      state,
      bucket,
      key: name,
      deadQueues: dead.map(({ queue }) => queue),
      pendingUnits: facts.pending.length,
      quarantined: receipt?.lines.quarantined ?? 0,
      id,
    }),
  };
}

function unitsOf(receipt: ReceiptSummary, { loads, pending }: Facts): WhereReport["units"] {
  return receipt.units.map(({ eventType, lines }) => {
    const isThis = (unit: { eventType: string; generation: number }): boolean =>
      unit.eventType === eventType && unit.generation === receipt.generation;
    const loaded = loads.find(isThis);
    const waits = pending.find(isThis);
    const state = loaded
      ? loaded.replacedBy === undefined
        ? "loaded"
        : "replaced"
      : waits
        ? "pending"
        : "waiting";
    return {
      event_type: eventType,
      lines,
      table: loaded?.table ?? null,
      rows: loaded?.rows ?? 0,
      rejected: loaded?.rejected ?? 0,
      state,
      loaded_at: loaded?.loadedAt.toISOString() ?? null,
      attempts: waits?.attempts ?? 0,
      last_error: waits?.lastError ?? null,
      next_try: waits?.nextTry.toISOString() ?? null,
    };
  });
}

/** Messages name a source by its key (split queue) or by its receipt's key (load queue), encoded as S3 does. */
async function deadLetters(deps: ReportDeps, id: string, key: string): Promise<WhereReport["dead_letters"]> {
  const queues = [deps.splitQueue, deps.backfillQueue, deps.loadQueue] as const;
  const looks = queues.map((queue) => queue.deadLetters(DEAD_LETTERS, deps.signal));
  const [split = [], backfill = [], load = []] = await Promise.all(looks);
  const isOfKey = ({ body }: DeadLetter): boolean => key !== "" && decoded(body).includes(key);
  return [
    ...split.filter(isOfKey).map((letter) => shown("split", letter)),
    ...backfill.filter(isOfKey).map((letter) => shown("backfill", letter)),
    ...load.filter(({ body }) => body.includes(id)).map((letter) => shown("load", letter)),
  ];
}

function decoded(body: string): string {
  try {
    return `${body}\n${decodeURIComponent(body.replaceAll("+", " "))}`;
  } catch {
    return body;
  }
}

function shown(
  queue: "split" | "load" | "backfill",
  letter: DeadLetter,
): WhereReport["dead_letters"][number] {
  return { queue, reason: letter.reason ?? null, receives: letter.receiveCount };
}
