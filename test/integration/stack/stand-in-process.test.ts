// The Redshift stand-in as a process of its own: its journal, its faults, its options, its end.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ExecuteStatementCommand, RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const MAIN = join(import.meta.dirname, "..", "..", "..", "localstack", "redshift-data", "main.ts");

describe("stand-in as a process", function () {
  this.timeout(60_000);
  let dir: TempDir;
  let child: ChildProcess;
  let endpoint: string;
  let client: RedshiftDataClient;
  const start = (args: readonly string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, [MAIN, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });

  before(async () => {
    dir = tempDir();
    child = start(["--s3-endpoint", "http://127.0.0.1:9", "--isolation", "serializable"], {
      SQL_LOG: join(dir.path, "sql.log"),
    });
    let output = "";
    child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await waitFor("the endpoint", () => output.includes("\n"), 30_000);
    endpoint = (JSON.parse(output) as { endpoint: string }).endpoint;
    client = new RedshiftDataClient({
      endpoint,
      region: "eu-west-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
  });
  after(() => {
    client.destroy();
    child.kill("SIGKILL");
    dir[Symbol.dispose]();
  });

  const execute = (Sql: string, StatementName = "") =>
    client.send(
      new ExecuteStatementCommand({
        WorkgroupName: "local",
        Database: "dev",
        Sql,
        StatementName,
        WaitTimeSeconds: 20,
      }),
    );

  it("keeps every call as one JSON line", async () => {
    assert.equal((await execute("SELECT 1 AS a", "first")).Status, "FINISHED");
    await execute("SELECT 'two\nlines'");

    const lines = readFileSync(join(dir.path, "sql.log"), "utf8").trimEnd().split("\n");
    const entries = lines.map((line) => JSON.parse(line) as { name: string; sqls: string[]; at: string });
    assert.deepEqual(
      entries.map(({ name, sqls }) => [name, sqls]),
      [
        ["first", ["SELECT 1 AS a"]],
        ["", ["SELECT 'two\nlines'"]],
      ],
    );
    assert.ok(!Number.isNaN(Date.parse(entries[0]!.at)));
  });

  it("takes faults from outside", async () => {
    await fetch(`${endpoint}/_faults`, { method: "POST", body: '{"effect":"active-exceeded"}' });

    await assert.rejects(execute("SELECT 1"), { name: "ActiveStatementsExceededException" });
    assert.equal((await execute("SELECT 1")).Status, "FINISHED");
  });

  it("says that S3 cannot be reached", async () => {
    await execute("CREATE TABLE t (a BIGINT)");
    const sent = await execute("COPY t FROM 's3://b/k' IAM_ROLE default FORMAT JSON 'auto'");

    assert.equal(sent.Status, "FAILED");
  });

  for (const args of [
    [],
    ["--s3-endpoint", "nowhere"],
    ["--s3-endpoint", "http://h", "--port", "x"],
    ["--fly"],
  ])
    it(`explains itself when it is started as ${JSON.stringify(args)}`, async () => {
      const failing = start(args);
      const [stderr, [code]] = await Promise.all([text(failing.stderr), once(failing, "exit")]);

      assert.equal(code, 2);
      assert.match(stderr, /usage: node localstack\/redshift-data\/main\.ts/);
    });

  it("ends on SIGTERM, PostgreSQL and its files with it", async () => {
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");

    assert.equal(code, 0);
    await assert.rejects(fetch(`${endpoint}/_health`));
  });
});
