// Several processes on one data folder: every reading verb beside a busy `run`, and two loaders on one warehouse file.
import assert from "node:assert/strict";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { report, startProduct } from "../helpers/product.ts";
import { runAudit } from "../helpers/run-verb.ts";
import { tempDir } from "../helpers/temp-dir.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { statusSchema } from "../../cli/reports/status.ts";
import { BUSY_SETTINGS, makeLogs, rowsOf } from "./pipeline-under-kill.ts";

/** File names of the sample that makeLogs makes, in order. */
const FILES = [
  "shop-0001.ndjson.gz",
  "shop-0002.ndjson.zst",
  "shop-0003.ndjson",
  "shop-0004.ndjson.gz",
  "shop-0005.ndjson.gz",
  "shop-0006.ndjson.gz",
];

describe("several processes on one data folder", function () {
  this.timeout(180_000);

  it("lets every reading verb answer beside a busy run", async () => {
    using dir = tempDir();
    await makeLogs(join(dir.path, "made"), 21);
    const logs = join(dir.path, "logs");
    mkdirSync(logs);
    renameSync(join(dir.path, "made", FILES[0]!), join(logs, FILES[0]!));
    const args = ["run", "logs", "--data", "data", "--set", "settle_seconds=0.1", ...BUSY_SETTINGS];
    await using run = startProduct(args, dir.path);
    await waitFor("the first source to be loaded", async () => (await loadedRows(dir.path)) > 0, 60_000);
    const verbs = [
      ["status"],
      ["audit"],
      ["schema"],
      ["schema", "order_created"],
      ["where", join(logs, FILES[0]!)],
      ["quarantine", "list"],
      ["preview", "order_created"],
      ["dead", "list"],
    ];

    for (const [index, verb] of verbs.entries()) {
      const file = FILES[index + 1];
      if (file !== undefined) renameSync(join(dir.path, "made", file), join(logs, file));
      const { code } = await report([...verb, "--data", "data"], dir.path);
      // While a source is on its way the audit may say so; everything else has no reason to fail.
      if (verb[0] === "audit") assert.ok(code === 0 || code === 1);
      else assert.equal(code, 0, verb.join(" "));
    }

    await waitFor(
      "every source to be loaded",
      async () => (await runAudit(dir.path)).audit.balanced_sources === FILES.length,
      60_000,
    );
    run.child.kill("SIGTERM");
    const { code, signal, stderr } = await run.done;
    assert.ok(code === 0 || signal === "SIGTERM", stderr);
    const { code: audited, audit } = await runAudit(dir.path);
    assert.equal(audited, 0, JSON.stringify(audit));
  });

  it("loads everything once with two loaders on one file", async () => {
    using dir = tempDir();
    await makeLogs(join(dir.path, "logs"), 22);
    const settings = ["--data", "data", ...BUSY_SETTINGS];
    await using splitter = startProduct(["splitter", "logs", "--once", ...settings], dir.path);
    assert.equal((await splitter.done).code, 0);

    await using first = startProduct(["loader", "--once", ...settings], dir.path);
    await using second = startProduct(["loader", "--once", ...settings], dir.path);
    const ends = await Promise.all([first.done, second.done]);

    for (const { code, stdout, stderr } of ends) assert.equal(code, 0, `${stdout}\n${stderr}`);
    const { code, audit } = await runAudit(dir.path);
    assert.equal(code, 0, JSON.stringify(audit));
    const rows = await rowsOf(dir.path, "data");
    assert.equal(rows.length, audit.totals.rows);
    assert.equal(new Set(rows).size, rows.length);
  });
});

async function loadedRows(folder: string): Promise<number> {
  const { code, json } = await report(["status", "--data", "data"], folder).catch(() => ({
    code: 2,
    json: undefined,
  }));
  if (code === 2) return 0;
  return statusSchema.parse(json).event_types.reduce((sum, { rows }) => sum + rows, 0);
}
