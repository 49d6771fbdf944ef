// log-router audit
import type { Command } from "commander";
import type { ObjectRef } from "../../shared/ports/object-store.ts";
import { openForReading, type ReadingDeps } from "../compose/open-for-reading.ts";
import { listS3, partPaths } from "../compose/list-s3.ts";
import { namedFiles } from "../compose/source-paths.ts";
import type { CliContext } from "../context.ts";
import { count, plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { auditReport, auditSchema, type AuditReport } from "../reports/audit.ts";
import { auditSources, sourceListingSchema, type SourceListing } from "../reports/audit-sources.ts";
import { LOCAL_BUCKET } from "../reports/deps.ts";
import { auditTables, tableAuditSchema, type TableAudit } from "../reports/audit-tables.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

const fullSchema = auditSchema.extend({
  tables: tableAuditSchema.array().optional().describe("With --tables"),
  source_listing: sourceListingSchema.optional().describe("With --sources"),
});

interface AuditOptions extends ReadingOptions, JsonOption {
  readonly all?: boolean;
  readonly tables?: boolean;
  readonly sources?: readonly string[];
}

type FullReport = AuditReport & { tables?: TableAudit[]; source_listing?: SourceListing };

export function auditVerb(context: CliContext): Command {
  const command = defineVerb("audit", "prove that every line is accounted for", {
    examples: [
      [
        "log-router audit",
        "lines = rows + rejected + quarantined + dropped + blank, receipts against ledger",
      ],
      [
        "log-router audit --tables",
        "also counts the tables: surplus and repeated rows fail, removed ones are reported",
      ],
      ["log-router audit --sources ./logs", "also looks for files without a receipt"],
    ],
    json: fullSchema,
    failsWhen: "a source does not balance, a table has surplus or repeated rows, or a file has no receipt",
  });
  withJson(withReading(command))
    .option("--all", "list every source, not only the totals and what does not balance")
    .option("--tables", "count the rows of the tables against the ledger")
    .option(
      "--sources <path...>",
      "look for a receipt of every file in these paths, or of every object under s3://BUCKET/PREFIX",
    )
    .action(async (options: AuditOptions) => {
      await using deps = await openForReading(context, options);
      const report = await fullReport(context, deps, options);
      print(context, options, report, () => render(context, report));
      finish(command, holds(report) ? 0 : 1);
    });
  return command;
}

async function fullReport(
  context: CliContext,
  deps: ReadingDeps,
  options: AuditOptions,
): Promise<FullReport> {
  const bySource: NonNullable<AuditReport["by_source"]> = [];
  const report: FullReport = await auditReport(deps, (verdict) => {
    if (!options.all) return;
    const { id: source_id, key, state, counts, problem } = verdict;
    bySource.push({ source_id, key, state, ...counts, balanced: problem === undefined });
  });
  if (options.all) report.by_source = bySource;
  if (options.tables) report.tables = await Array.fromAsync(auditTables(deps));
  if (options.sources) {
    report.source_listing = await auditSources(deps, namedSources(context, deps, options.sources));
  }
  return report;
}

async function* namedSources(
  { cwd }: CliContext,
  deps: ReadingDeps,
  paths: readonly string[],
): AsyncGenerator<ObjectRef> {
  const { s3, local } = partPaths(paths);
  if (local.length > 0)
    for await (const { path } of namedFiles(local, { cwd, exclude: deps.ownPaths }))
      yield { bucket: LOCAL_BUCKET, key: path };
  yield* listS3(deps, s3);
}

function holds(report: FullReport): boolean {
  const tables = (report.tables ?? []).every(({ surplus, repeated }) => surplus === 0 && repeated === 0);
  return report.balanced && tables && (report.source_listing?.missing_count ?? 0) === 0;
}

function render(context: CliContext, report: FullReport): string {
  const { colours } = context;
  const { totals } = report;
  const terms = (["rows", "rejected", "quarantined", "dropped", "blank"] as const)
    .map((name) => `${count(totals[name])} ${name}`)
    .join(" + ");
  const verdict = report.balanced
    ? colours.green("balanced")
    : colours.red(`${plural(report.imbalance_count, "source")} out of balance`);
  return [
    report.by_source ? allSources(context, report.by_source) : "",
    `${count(totals.lines)} lines ${report.balanced ? "=" : "≠"} ${terms}\n`,
    `${plural(report.balanced_sources, "source")} loaded and balanced, ${count(report.without_rows_count)} without rows: ${verdict}\n`,
    named("out of balance", report.imbalances, report.imbalance_count, colours.red),
    named("without rows", report.without_rows, report.without_rows_count, colours.yellow),
    deadLetters(context, report.dead_letters),
    ...(report.tables ?? []).map((one) => tableLine(context, one)),
    report.source_listing ? listing(context, report.source_listing) : "",
  ].join("");
}

function named(
  title: string,
  sources: AuditReport["imbalances"],
  total: number,
  colour: (text: string) => string,
): string {
  if (sources.length === 0) return "";
  const lines = sources.map(({ state, key, lines, reason }) => {
    const name = key === "" ? "" : `${printable(key)}: `;
    return colour(`  ${state}  ${name}${plural(lines, "line")}: ${printable(reason)}`);
  });
  const rest = total > sources.length ? `  … and ${count(total - sources.length)} more\n` : "";
  return `${title}:\n${lines.join("\n")}\n${rest}`;
}

/** No imbalance, but nobody should take their sources for accounted for. */
function deadLetters({ colours }: CliContext, letters: AuditReport["dead_letters"]): string {
  const some = Object.entries(letters).filter(([, number]) => number > 0);
  if (some.length === 0) return "";
  const counts = some.map(([queue, number]) => `${count(number)} of the ${queue} queue`).join(", ");
  return colours.yellow(`given up: ${counts}; log-router dead list names them, with the reason\n`);
}

function tableLine({ colours }: CliContext, audit: TableAudit): string {
  const { table: name, rows, found, surplus, repeated, removed } = audit;
  const facts = `${printable(name)}: ${count(rows)} rows in the ledger, ${count(found)} in the table`;
  if (surplus > 0 || repeated > 0)
    return colours.red(`${facts}: ${count(surplus)} surplus, ${count(repeated)} repeated\n`);
  return removed > 0 ? colours.yellow(`${facts}: ${count(removed)} removed since load\n`) : `${facts}\n`;
}

function listing({ colours }: CliContext, found: SourceListing): string {
  const head = `${plural(found.objects, "source object")} found, ${count(found.with_receipt)} with a receipt\n`;
  const missing = found.missing.map((key) => colours.red(`  no receipt: ${printable(key)}\n`));
  return head + missing.join("");
}

function allSources(context: CliContext, sources: NonNullable<AuditReport["by_source"]>): string {
  const names = ["lines", "rows", "rejected", "quarantined", "dropped", "blank"] as const;
  const columns = [
    { title: "source", shrinkTo: 16 },
    { title: "state" },
    ...names.map((title) => ({ title, align: "right" as const })),
  ];
  const rows = sources.map((source) => [
    printable(source.key),
    source.balanced ? source.state : context.colours.red(source.state),
    ...names.map((name) => count(source[name])),
  ]);
  return `${table(context, columns, rows)}\n`;
}
