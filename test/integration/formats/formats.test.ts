// Public formats through the whole pipeline: rows by event type are what other tools count, documents are what JSON.parse reads.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FORMAT_FIXTURES, type FormatFixture } from "../../fixtures/formats/formats.ts";
import { canonicalJson } from "../../helpers/canonical-json.ts";
import { objectText, rawLines } from "../../helpers/raw-lines.ts";
import { receiptsOf } from "../../helpers/routed-folder.ts";
import { runAudit, runVerb } from "../../helpers/run-verb.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { openWarehouseFile, storedDocuments } from "../../helpers/warehouse-file.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "fixtures", "formats");

/** The documents of a fixture in order, by other means; undefined for text. Their numbers are all safe for JSON.parse. */
function documentsOf({ file }: FormatFixture): (string | undefined)[] | undefined {
  const bytes = readFileSync(join(FOLDER, file));
  if (file.endsWith(".ndjson")) return rawLines(bytes).map(objectText);
  if (file === "cloudtrail.json") {
    const wrapper: unknown = JSON.parse(bytes.toString());
    assert.ok(wrapper instanceof Object && "Records" in wrapper && Array.isArray(wrapper.Records));
    return wrapper.Records.map((record) => JSON.stringify(record));
  }
  // Nothing stands between the objects, and this fixture has `}{` nowhere else.
  if (file === "cloudtrail-firehose.json") return bytes.toString().replaceAll("}{", "}\n{").split("\n");
  return undefined;
}

async function checkDocuments(fixture: FormatFixture, file: string): Promise<void> {
  await using warehouse = await openWarehouseFile(file);
  const stored = await storedDocuments(warehouse);
  const rows: Record<string, number> = {};
  for (const { eventType } of stored) rows[eventType] = (rows[eventType] ?? 0) + 1;
  assert.deepEqual(rows, { ...fixture.rows });
  const wanted = documentsOf(fixture);
  if (!wanted) return;
  for (const { line, document } of stored)
    assert.equal(document, canonicalJson(wanted[line - 1]!), `line ${line}`);
}

function checkReceipt(fixture: FormatFixture, data: string): void {
  const [receipt] = receiptsOf(data);
  const reasons: Record<string, number> = {};
  for (const object of receipt!.quarantine)
    for (const [reason, lines] of Object.entries(object.reasons))
      reasons[reason] = (reasons[reason] ?? 0) + lines;
  assert.deepEqual(reasons, { ...fixture.quarantined });
  assert.equal(receipt!.lines.total, fixture.lines);
  assert.equal(receipt!.lines.blank, fixture.blank ?? 0);
}

describe("public formats", function () {
  this.timeout(60_000);
  for (const fixture of FORMAT_FIXTURES) {
    it(`${fixture.file}: counts, documents, and every line accounted for`, async () => {
      using dir = tempDir();
      const config = join(dir.path, "router.yaml");
      writeFileSync(config, JSON.stringify({ ...fixture.config, loader: { batch_age_seconds: 0 } }));

      const source = join(FOLDER, fixture.file);
      const run = await runVerb(["run", source, "--once", "--config", config, "--data", "data"], dir.path);

      assert.equal(run.code, 0, run.stderr);
      await checkDocuments(fixture, join(dir.path, "data", "warehouse.duckdb"));
      checkReceipt(fixture, join(dir.path, "data"));
      const { code, audit } = await runAudit(dir.path);
      assert.equal(code, 0, JSON.stringify(audit));
    });
  }
});
