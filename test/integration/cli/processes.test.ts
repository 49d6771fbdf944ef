// The command as processes: stop signals, several over one data folder, reading beside a busy run, health, and bin/log-router itself.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import { WORTH_A_THREAD_BYTES } from "../../../services/splitter/threads/worth-a-thread.ts";
import { writeSample } from "../../../scripts/sample/write-sample.ts";
import { mustRun, report, runProduct, startProduct } from "../../helpers/product.ts";
import { runAudit } from "../../helpers/run-verb.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const root = join(import.meta.dirname, "../../..");
const QUICK = ["--set", "loader.batch_age_seconds=0.1", "--set", "settle_seconds=0.1"];

describe("the command as processes", function () {
  this.timeout(60_000);
  let dir: TempDir;

  beforeEach(async () => {
    dir = tempDir();
    await writeSample({
      out: join(dir.path, "logs"),
      bytes: 1_000_000,
      types: 14,
      seed: 3,
      files: 4,
      compression: "mixed",
    });
  });
  afterEach(() => dir[Symbol.dispose]());

  /** Rows that the ledger has; 0 while there is no ledger. */
  async function rowsOf(data: string): Promise<number> {
    if (!existsSync(join(dir.path, data, "warehouse.duckdb"))) return 0;
    const { json } = await report(["audit", "--data", data], dir.path);
    return (json as { totals: { rows: number } }).totals.rows;
  }

  it("run watches, loads a file that comes later, and ends well at SIGINT", async () => {
    await using product = startProduct(["run", "logs", ...QUICK], dir.path);
    const before = await waitFor("the first files", () => rowsOf(".log-router"), 30_000);
    writeFileSync(join(dir.path, "logs", "late.ndjson"), '{"event":"late"}\n'.repeat(7));
    await waitFor(
      "the late file",
      async () => {
        const { json } = await report(["status"], dir.path);
        return (json as { event_types: { event_type: string; rows: number }[] }).event_types.some(
          ({ event_type: type, rows }) => type === "late" && rows === 7,
        );
      },
      30_000,
    );

    product.child.kill("SIGINT");
    const { code, stdout } = await product.done;

    assert.equal(code, 0, stdout);
    assert.ok(before > 0);
    assert.match(stdout, /late/);
    assert.equal((await runAudit(dir.path, ".log-router")).code, 0);
  });

  it("two runs over one data folder load everything once", async () => {
    const runs = await Promise.all(
      [1, 2].map(() => runProduct(["run", "logs", "--once", ...QUICK], dir.path)),
    );

    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0],
      runs.map(({ stderr }) => stderr).join("\n"),
    );
    const { code, audit } = await runAudit(dir.path, ".log-router");
    assert.equal(code, 0, JSON.stringify(audit));
    assert.equal(audit.balanced_sources, 4);
  });

  it("every reading verb answers beside a busy run", async () => {
    await mustRun(["run", "logs", "--once", "--data", "data", ...QUICK], dir.path);
    mkdirSync(join(dir.path, "more"));
    await writeSample({
      out: join(dir.path, "more"),
      bytes: 4_000_000,
      types: 14,
      seed: 4,
      files: 6,
      compression: "mixed",
    });
    await using busy = startProduct(
      ["run", "more", "--once", "--data", "data", ...QUICK, "--set", "loader.batch_parts=1"],
      dir.path,
    );
    const verbs = [
      ["status"],
      ["where", "logs/shop-0001.ndjson.gz"],
      ["quarantine", "list"],
      ["schema"],
      ["preview", "page_viewed"],
      ["dead", "list"],
      ["gc", "--dry-run"],
      ["audit"],
    ];

    for (const verb of verbs) {
      const { code, json } = await report([...verb, "--data", "data"], dir.path);
      // The audit may see a source on its way, and says so by its exit code.
      assert.ok(code === 0 || (verb[0] === "audit" && code === 1), verb.join(" "));
      assert.ok(json);
    }

    assert.equal((await busy.done).code, 0);
    assert.equal((await runAudit(dir.path, "data")).code, 0);
  });

  it("splitter and loader work as two processes, answer health checks, and end at SIGTERM", async () => {
    const port = await freePort();
    await using splitter = startProduct(["splitter", "logs", "--data", "data", ...QUICK], dir.path);
    await using loader = startProduct(
      ["loader", "--data", "data", "--health-port", String(port), ...QUICK],
      dir.path,
    );
    await waitFor("readiness", async () => (await status(port, "/readyz")) === 200, 20_000);
    assert.equal(await status(port, "/livez"), 200);
    assert.equal(await status(port, "/other"), 404);
    await waitFor(
      "all rows",
      async () => (await runAudit(dir.path, "data")).audit.balanced_sources === 4,
      30_000,
    );

    splitter.child.kill("SIGTERM");
    loader.child.kill("SIGTERM");

    assert.equal((await splitter.done).code, 0);
    assert.equal((await loader.done).code, 0);
    assert.equal((await runAudit(dir.path, "data")).code, 0);
  });

  it("logs JSON lines on stderr when it is no terminal, and keeps stdout for the result", async () => {
    const { stdout, stderr } = await mustRun(["run", "logs", "--once", "--json"], dir.path);

    assert.ok((JSON.parse(stdout) as { rows: number }).rows > 0);
    for (const line of stderr.trim().split("\n")) assert.ok(JSON.parse(line).event, line);
  });

  it("split gives the same lines with a thread, which a large source starts before anything else, as without", async () => {
    const large = {
      bytes: 2 * WORTH_A_THREAD_BYTES,
      types: 5,
      seed: 4,
      files: 1,
      compression: "plain",
    } as const;
    await writeSample({ out: join(dir.path, "large"), ...large });

    await mustRun(["split", "large", "--out", "threaded"], dir.path);
    await mustRun(["split", "large", "--out", "alone", "--threads", "1"], dir.path);

    const lines = linesOf(join(dir.path, "threaded"));
    assert.ok(lines.length > 1000);
    assert.deepEqual(lines, linesOf(join(dir.path, "alone")));
  });

  it("bin/log-router works through a symbolic link from any folder", async () => {
    const link = join(dir.path, "lr");
    symlinkSync(join(root, "bin/log-router"), link);

    const { stdout } = await promisify(execFile)(link, ["--version"], { cwd: dir.path });

    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("bin/log-router says how to install when its packages are not there", async () => {
    mkdirSync(join(dir.path, "bin"));
    copyFileSync(join(root, "bin/log-router"), join(dir.path, "bin/log-router"));

    await assert.rejects(promisify(execFile)("sh", [join(dir.path, "bin/log-router")]), { code: 2 });
  });
});

/** All part lines in a folder of `split`. */
function linesOf(out: string): string[] {
  const files = readdirSync(join(out, "parts"), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .flatMap(({ parentPath, name }) =>
      zstdDecompressSync(readFileSync(join(parentPath, name)))
        .toString()
        .split("\n"),
    )
    .sort();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function status(port: number, path: string): Promise<number> {
  try {
    return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  } catch {
    return 0;
  }
}
