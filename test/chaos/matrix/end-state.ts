// What a run comes to: what the product's audit says, what the ledger says, and every document of every table rebuilt through the catalog.
import { isDeepStrictEqual } from "node:util";
import { auditSchema } from "../../../cli/reports/audit.ts";
import { formatExact } from "../../../shared/schema/exact-json.ts";
import { rebuildDocument, rescuedValues } from "../../../shared/schema/rebuild.ts";
import { peekBodies, type QueuePair } from "../../helpers/aws-rig.ts";
import { canonicalJson } from "../../helpers/canonical-json.ts";
import type { Scene, SourceFile } from "./scenes.ts";
import type { Stage } from "./stage.ts";

/** Most rows of one table. */
const MOST_ROWS = 1_000_000;
/** On a worker's queue it is nobody's. */
export const FOREIGN_MESSAGE = '{"nobody":"knows what this is"}';

export interface EndState {
  /** `key:line event_type document`, in order; a row that stands there twice comes twice. */
  readonly documents: readonly string[];
  /** One line a row of `sources`, in order. */
  readonly sources: readonly string[];
  /** The audit's sums. */
  readonly totals: Readonly<Record<string, number>>;
  /** What the audit finds wrong; empty when it balances. */
  readonly auditProblems: readonly string[];
  /** Messages left, dead letters, pending units. */
  readonly leftovers: readonly string[];
}

export async function endState(stage: Stage, mayBury = false): Promise<EndState> {
  const { rig } = stage;
  const { code, json } = await rig.report(auditSchema.loose(), [
    "audit",
    "--tables",
    "--sources",
    `s3://${rig.sources}/raw/`,
  ]);
  const isBalanced = code === 0 && json.balanced;
  const sources = (await stage.sources()).map(
    ({ key, etag, generation, state, lines, quarantined, blank }) =>
      `${key} ${etag} ${generation} ${state} ${lines} lines ${quarantined} quarantined ${blank} blank`,
  );
  return {
    documents: await documentsOf(stage),
    sources: sources.toSorted(),
    totals: json.totals,
    auditProblems: isBalanced ? [] : [`audit: exit code ${code}, ${JSON.stringify(json).slice(0, 2000)}`],
    leftovers: await leftovers(stage, mayBury),
  };
}

async function documentsOf(stage: Stage): Promise<readonly string[]> {
  const { warehouse } = stage;
  const keys = new Map((await stage.sources()).map(({ sourceId, key }) => [sourceId, key]));
  const documents: string[] = [];
  for (const [table, { columns }] of (await warehouse.catalog()).tables)
    for (const row of await warehouse.read.sampleRows(table, MOST_ROWS)) {
      const document = rebuildDocument(columns, row, rescuedValues(row["_lr_rescued"]));
      const where = `${keys.get(String(row["_lr_source"]))}:${String(row["_lr_line"])}`;
      documents.push(`${where} ${String(row["_lr_event_type"])} ${canonicalJson(formatExact(document))}`);
    }
  return documents.toSorted();
}

async function leftovers(stage: Stage, mayBury: boolean): Promise<readonly string[]> {
  const found: string[] = [];
  const { queues, running } = stage.rig;
  for (const [name, queue] of Object.entries<QueuePair>(queues)) {
    const [waiting, dead] = [await peekBodies(running, queue.url), await peekBodies(running, queue.deadUrl)];
    const wrong = dead.filter((body) => !mayBury || body !== FOREIGN_MESSAGE);
    found.push(...waiting.map((body) => `left on the ${name} queue: ${body}`));
    found.push(...wrong.map((body) => `dead letter of the ${name} queue: ${body}`));
  }
  const pending = await stage.warehouse.read.pendingCount();
  return pending === 0 ? found : [...found, `${pending} pending units`];
}

/** What the tables must hold by the files themselves, without any of the product: the last content of each key, line by line. */
export function documentsByHand(files: readonly SourceFile[], notLoaded: Scene["notLoaded"] = {}): string[] {
  const last = new Map(files.map((file) => [file.key, file.lines ?? []]));
  const documents = [...last].flatMap(([key, lines]) =>
    lines.flatMap((line, at) => {
      if (line.trim() === "" || notLoaded[key]?.includes(at + 1)) return [];
      const { event } = JSON.parse(line) as { event: string };
      return [`${key}:${at + 1} ${event} ${canonicalJson(line)}`];
    }),
  );
  return documents.toSorted();
}

/** Differences between two end states, told by the first few; empty when they are equal. */
export function differences(
  found: EndState,
  expected: Pick<EndState, "documents" | "sources" | "totals">,
): string[] {
  const totals = isDeepStrictEqual(found.totals, expected.totals)
    ? []
    : [`totals ${JSON.stringify(found.totals)} instead of ${JSON.stringify(expected.totals)}`];
  return [
    ...listDifferences("documents", found.documents, expected.documents),
    ...listDifferences("sources", found.sources, expected.sources),
    ...totals,
  ];
}

export function listDifferences(
  what: string,
  found: readonly string[],
  expected: readonly string[],
): string[] {
  if (isDeepStrictEqual(found, expected)) return [];
  const short = (lines: readonly string[]): string =>
    lines
      .slice(0, 3)
      .map((line) => line.slice(0, 200))
      .join(" | ");
  const missing = without(expected, found);
  const surplus = without(found, expected);
  return [
    `${what}: ${found.length} instead of ${expected.length}; missing ${missing.length}: ${short(missing)}; surplus ${surplus.length}: ${short(surplus)}`,
  ];
}

/** Lines of `from` that `others` does not have as often. */
function without(from: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return from.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
