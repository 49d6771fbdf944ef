// Each case of the poison corpus through the whole pipeline into DuckDB: the fate of every line, the document of every row.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { POISON_CASES } from "../../fixtures/poison/cases.ts";
import {
  accountingOf,
  quarantinedByReason,
  rowsByType,
  type PoisonCase,
} from "../../fixtures/poison/poison-case.ts";
import { canonicalJson } from "../../helpers/canonical-json.ts";
import { quarantinedLines, receiptsOf } from "../../helpers/routed-folder.ts";
import { rawLines } from "../../helpers/raw-lines.ts";
import { runAudit, runVerb } from "../../helpers/run-verb.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import {
  catalogColumns,
  catalogTables,
  openWarehouseFile,
  storedDocuments,
  type StoredDocument,
} from "../../helpers/warehouse-file.ts";

interface Routed {
  readonly folder: string;
  readonly source: string;
  readonly code: number;
  readonly output: string;
}

async function route(poison: PoisonCase, folder: string): Promise<Routed> {
  const logs = join(folder, "logs");
  mkdirSync(logs);
  const source = join(logs, poison.file);
  const config = join(folder, "router.yaml");
  writeFileSync(config, JSON.stringify({ loader: { batch_age_seconds: 0 }, ...poison.config }));
  const run = (file: string) =>
    runVerb(["run", file, "--once", "--config", config, "--data", "data"], folder);
  if (poison.before) {
    writeFileSync(join(logs, "before.ndjson"), poison.before);
    const { code, stderr } = await run(join(logs, "before.ndjson"));
    assert.equal(code, 0, stderr);
  }
  writeFileSync(source, poison.bytes());
  const { code, stdout, stderr } = await run(source);
  return { folder, source, code, output: `${stdout}\n${stderr}` };
}

async function documentsOf({ folder, source }: Routed): Promise<StoredDocument[]> {
  await using warehouse = await openWarehouseFile(join(folder, "data", "warehouse.duckdb"));
  return (await storedDocuments(warehouse)).filter(({ sourceKey }) => sourceKey === source);
}

/** The receipt's accounting and the quarantine's lines are those that the fates add up to. */
async function checkAccounting(poison: PoisonCase, routed: Routed): Promise<void> {
  const receipts = receiptsOf(join(routed.folder, "data")).filter(
    ({ source }) => source.key === routed.source,
  );
  assert.equal(receipts.length, 1);
  assert.deepEqual(receipts[0]!.lines, accountingOf(poison.fates));
  const lines = rawLines(Buffer.from((poison.plain ?? poison.bytes)()));
  const found = new Map<string, number[]>();
  for (const { line, reason, bytes } of await quarantinedLines(join(routed.folder, "data"), receipts[0]!)) {
    found.set(reason, [...(found.get(reason) ?? []), line]);
    if (!poison.documents)
      assert.ok(withoutReturn(lines[line - 1]!).equals(bytes), `bytes of quarantined line ${line}`);
  }
  assert.deepEqual(found, quarantinedByReason(poison.fates));
  const { code, audit } = await runAudit(routed.folder);
  assert.equal(code, 0, JSON.stringify(audit));
}

/** CR is part of the line ending when LF follows. */
function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function checkDocuments(poison: PoisonCase, documents: readonly StoredDocument[]): void {
  const lines = rawLines(Buffer.from((poison.plain ?? poison.bytes)()));
  const byLine = new Map(documents.map((document) => [document.line, document]));
  assert.equal(byLine.size, documents.length, "each line once");
  const types = new Map<string, number>();
  for (const { eventType } of documents) types.set(eventType, (types.get(eventType) ?? 0) + 1);
  assert.deepEqual(types, rowsByType(poison.fates));
  for (const [index, fate] of poison.fates.entries()) {
    if (!("row" in fate)) continue;
    const stored = byLine.get(index + 1);
    const json = poison.documents?.[index + 1] ?? lines[index]!.toString();
    assert.equal(stored?.eventType, fate.row, `event type of line ${index + 1}`);
    assert.equal(stored.document, canonicalJson(json), `document of line ${index + 1}`);
  }
  for (const { eventType, table } of documents)
    if (poison.tables) assert.equal(table, poison.tables[eventType] ?? eventType.toLowerCase());
  for (const { line, p, t } of poison.rescued ?? []) {
    const rescued = byLine.get(line)!.rescued.map((value) => [JSON.parse(value.p), canonicalJson(value.t)]);
    const wanted = [p, canonicalJson(t)];
    assert.ok(
      rescued.some((entry) => JSON.stringify(entry) === JSON.stringify(wanted)),
      `line ${line}: ${JSON.stringify(wanted)} is not in ${JSON.stringify(rescued)}`,
    );
  }
}

async function checkCount(poison: PoisonCase, { folder }: Routed): Promise<void> {
  await using warehouse = await openWarehouseFile(join(folder, "data", "warehouse.duckdb"));
  const rows = await warehouse.rows(
    "SELECT _lr_event_type AS type, count(*) AS n FROM events.e GROUP BY ALL",
  );
  assert.deepEqual(new Map(rows.map((row) => [row["type"], Number(row["n"])])), rowsByType(poison.fates));
}

async function checkColumns(poison: PoisonCase, { folder }: Routed): Promise<void> {
  await using warehouse = await openWarehouseFile(join(folder, "data", "warehouse.duckdb"));
  const tables = await catalogTables(warehouse);
  const columns = await catalogColumns(warehouse);
  for (const { event_type: eventType, path, types } of poison.columns ?? []) {
    const found = columns
      .get(tables.get(eventType)!)!
      .filter((column) => JSON.stringify(column.path) === JSON.stringify(path));
    assert.deepEqual(
      found.map(({ type }) => type).sort(),
      [...types].sort(),
      `${eventType} ${JSON.stringify(path)}`,
    );
  }
}

describe("poison corpus through the whole pipeline", function () {
  this.timeout(30_000);
  for (const poison of POISON_CASES) {
    it(`${poison.name}: ${poison.why}`, async () => {
      using dir = tempDir();
      const routed = await route(poison, dir.path);

      if (poison.state === "failed") {
        assert.equal(routed.code, 1, routed.output);
        const [receipt] = receiptsOf(join(dir.path, "data"));
        assert.equal(receipt?.state, "failed");
        assert.deepEqual(await documentsOf(routed), []);
        return;
      }
      assert.equal(routed.code, 0, routed.output);
      await checkAccounting(poison, routed);
      if (poison.rebuild === false) {
        // Awaited here: the folder goes when this function is left.
        await checkCount(poison, routed);
        return;
      }
      checkDocuments(poison, await documentsOf(routed));
      await checkColumns(poison, routed);
    });
  }
});
