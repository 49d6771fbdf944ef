// Promise 1 against two counts of other make: plain JSON.parse over the files, and DuckDB's SQL over their raw text.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { writeSample } from "../../../scripts/sample/write-sample.ts";
import { canonicalJson } from "../../helpers/canonical-json.ts";
import { objectText, plainBytes, rawLines } from "../../helpers/raw-lines.ts";
import { runAudit, runVerb } from "../../helpers/run-verb.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { catalogTables, openWarehouseFile, storedDocuments } from "../../helpers/warehouse-file.ts";

interface Count {
  lines: number;
  blank: number;
  bad: number;
  readonly byType: Map<string, number>;
  /** Canonical text of each good line, by `<file>:<line>`. */
  readonly documents: Map<string, string>;
}

function countByParsing(files: readonly string[]): Count {
  const count: Count = { lines: 0, blank: 0, bad: 0, byType: new Map(), documents: new Map() };
  for (const file of files) {
    for (const [index, line] of rawLines(plainBytes(file)).entries()) {
      count.lines++;
      const text = objectText(line);
      const type = text === undefined ? undefined : eventOf(text);
      if (text !== undefined && type !== undefined) {
        count.byType.set(type, (count.byType.get(type) ?? 0) + 1);
        count.documents.set(`${file}:${index + 1}`, canonicalJson(text));
      } else if (line.toString().trim() === "") count.blank++;
      else count.bad++;
    }
  }
  return count;
}

function eventOf(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  return value instanceof Object && "event" in value ? String(value.event) : undefined;
}

/** DuckDB reads the files as one column of text and takes the event type out of what it finds to be valid JSON. */
async function countBySql(files: readonly string[]): Promise<Map<string, number>> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  const lists = (suffix: string): string =>
    files
      .filter((file) => file.endsWith(suffix))
      .map((file) => `'${file}'`)
      .join(", ");
  const read = (suffix: string, compression: string): string =>
    `SELECT line FROM read_csv([${lists(suffix)}], columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', escape = '',
     header = false, compression = '${compression}', auto_detect = false, max_line_size = 10000000)`;
  const sql = `SELECT json_extract_string(line, '$.event') AS event, count(*) AS n
    FROM (${read(".gz", "gzip")} UNION ALL ${read(".zst", "zstd")} UNION ALL ${read(".ndjson", "none")})
    WHERE json_valid(line) AND json_type(line) = 'OBJECT' AND json_exists(line, '$.event') GROUP BY ALL`;
  try {
    const rows = (await connection.runAndReadAll(sql)).getRowsJson();
    return new Map(rows.map(([event, n]) => [JSON.stringify(event).slice(1, -1), Number(n)]));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const sorted = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a], [b]) => (a < b ? -1 : 1));

describe("accounting against independent counts", function () {
  this.timeout(120_000);
  let dir: TempDir;
  let files: string[];
  let counted: Count;

  before(async () => {
    dir = tempDir();
    const sample = { bytes: 3_000_000, types: 14, seed: 11, files: 4, compression: "mixed" } as const;
    ({ files } = await writeSample({ ...sample, out: join(dir.path, "logs") }));
    counted = countByParsing(files);
    const run = await runVerb(["run", "logs", "--once", "--data", "data"], dir.path);
    assert.equal(run.code, 0, run.stderr);
  });

  after(() => dir[Symbol.dispose]());

  it("has as many rows of each event type as JSON.parse counts", async () => {
    await using warehouse = await openWarehouseFile(join(dir.path, "data", "warehouse.duckdb"));
    const found = new Map<string, number>();
    for (const [eventType, table] of await catalogTables(warehouse)) {
      const [row] = await warehouse.rows(
        `SELECT count(*) AS n FROM events."${table}" WHERE _lr_event_type = '${eventType}'`,
      );
      found.set(eventType, Number(row!["n"]));
    }

    assert.deepEqual(sorted(found), sorted(counted.byType));
  });

  it("and as many as DuckDB's SQL counts over the raw text", async () => {
    assert.deepEqual(sorted(await countBySql(files)), sorted(counted.byType));
  });

  it("audits to the same totals", async () => {
    const { code, audit } = await runAudit(dir.path);

    const rows = [...counted.byType.values()].reduce((sum, n) => sum + n, 0);
    const { lines, bad, blank } = counted;
    assert.equal(code, 0, JSON.stringify(audit));
    assert.equal(audit.balanced, true);
    assert.deepEqual(audit.totals, { lines, rows, rejected: 0, quarantined: bad, dropped: 0, blank });
  });

  it("gives every document back through columns, catalog and rescued values", async () => {
    await using warehouse = await openWarehouseFile(join(dir.path, "data", "warehouse.duckdb"));
    const stored = await storedDocuments(warehouse);

    assert.equal(stored.length, counted.documents.size);
    for (const { sourceKey, line, document } of stored)
      assert.equal(document, counted.documents.get(`${sourceKey}:${line}`), `${sourceKey}:${line}`);
    assert.equal(new Set(stored.map(({ sourceKey, line }) => `${sourceKey}:${line}`)).size, stored.length);
  });

  it("loads nothing again when it runs again, and says so", async () => {
    const before = await runAudit(dir.path);

    const again = await runVerb(["run", "logs", "--once", "--data", "data"], dir.path);

    assert.equal(again.code, 0, again.stderr);
    assert.match(`${again.stdout}${again.stderr}`, /already|nothing new/i);
    assert.deepEqual(await runAudit(dir.path), before);
  });

  it("loads equal content under another name and reports it as a source of its own", async () => {
    cpSync(files[0]!, join(dir.path, "logs", "copy-of-first.gz"));

    const run = await runVerb(["run", "logs", "--once", "--data", "data"], dir.path);

    assert.equal(run.code, 0, run.stderr);
    const { audit } = await runAudit(dir.path);
    assert.equal(audit.sources, files.length + 1);
  });
});
