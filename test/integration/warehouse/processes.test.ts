// One DuckDB file, several processes: they take turns, load every unit once, and a process that dies leaves nothing half done.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { defaultConfig } from "../../../shared/config/schema.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { LoadUnit } from "../../../shared/ports/warehouse.ts";
import { createDuckDbWarehouse } from "../../../shared/warehouse/duckdb/create-duckdb-warehouse.ts";
import {
  compressPart,
  loadJob,
  loadPlan,
  loadUnit,
  newColumn,
  partLine,
  testSource,
} from "../../contract/warehouse-parts.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import type { LoaderJob } from "./loader-process.ts";
import { tempWarehouse } from "./temp-warehouse.ts";
import type { TempWarehouse } from "./temp-warehouse.ts";

const LOADER = fileURLToPath(new URL("loader-process.ts", import.meta.url));

function startLoader(
  temp: TempWarehouse,
  units: readonly LoadUnit[],
  mode: "direct" | "staged" = "direct",
): ChildProcess {
  const job: LoaderJob = { file: temp.file, folder: temp.folder, table: "t", mode, units };
  return spawn(process.execPath, [LOADER, JSON.stringify(job)], { stdio: ["ignore", "pipe", "inherit"] });
}

/** What the loader said of each unit; it must have ended well. */
async function outcomes(loader: ChildProcess): Promise<string[]> {
  const [said, [code]] = await Promise.all([text(loader.stdout!), once(loader, "exit")]);
  assert.equal(code, 0);
  return said.trim().split("\n");
}

function smallUnits(temp: TempWarehouse, count: number): LoadUnit[] {
  return Array.from({ length: count }, (_, at) => {
    const source = testSource(`/logs/${at}.json`);
    const lines = [1, 2, 3].map((line) => partLine(source.id, line, "t", `{"n":${line}}`));
    return loadUnit(source, "t", [temp.put(compressPart(lines), lines.length)]);
  });
}

function bigUnit(temp: TempWarehouse, lines: number): LoadUnit {
  const source = testSource("/logs/big.json");
  const texts = Array.from({ length: lines }, (_, at) =>
    partLine(source.id, at + 1, "t", `{"n":${at},"pad":"${at}"}`),
  );
  return loadUnit(source, "t", [temp.put(compressPart(texts), lines)]);
}

async function rowCount(temp: TempWarehouse): Promise<{ rows: number; repeated: number }> {
  const counts = await temp.warehouse.read.countRows("t");
  const sum = (of: "rows" | "repeated"): number => counts.reduce((total, count) => total + count[of], 0);
  return { rows: sum("rows"), repeated: sum("repeated") };
}

describe("one DuckDB file and several processes", function () {
  this.timeout(60_000);

  it("two loaders of the same units load each once, while another process reads", async () => {
    using temp = tempWarehouse();
    await temp.createTable("t", [newColumn("n", "integer", "n")]);
    const units = smallUnits(temp, 12);

    const loaders = [startLoader(temp, units), startLoader(temp, units.toReversed())];
    const said = Promise.all(loaders.map(outcomes));
    let reads = 0;
    while (loaders.some((loader) => loader.exitCode === null)) {
      const summaries = await temp.warehouse.read.tableSummaries();
      const { rows, repeated } = await rowCount(temp);
      assert.ok((summaries[0]?.rows ?? 0) <= rows, "the ledger is never ahead of the table");
      assert.equal(repeated, 0);
      reads++;
    }

    const kinds = (await said).flat();
    assert.ok(reads > 1, `${reads} reads`);
    assert.equal(kinds.filter((kind) => kind === "loaded").length, units.length);
    assert.equal(kinds.filter((kind) => kind === "blocked").length, units.length);
    assert.deepEqual(await rowCount(temp), { rows: units.length * 3, repeated: 0 });
    const waiting = readdirSync(temp.folder).filter((name) => name.includes(".waiting."));
    assert.deepEqual(waiting, []);
  });

  for (const mode of ["direct", "staged"] as const) {
    it(`a ${mode} loader killed inside its transaction leaves nothing, and the unit loads again`, async () => {
      using temp = tempWarehouse();
      await temp.createTable("t", [newColumn("n", "integer", "n"), newColumn("pad", "string(256)", "pad")]);
      const unit = bigUnit(temp, 400_000);
      const loader = startLoader(temp, [unit], mode);
      const probe = createDuckDbWarehouse({
        file: temp.file,
        partPath: () => "",
        config: defaultConfig(),
        lockWaitMs: 0,
      });
      await waitFor("the loader's transaction", () => isLocked(() => probe.ping()));
      loader.kill("SIGKILL");
      await once(loader, "exit");

      assert.deepEqual(await temp.warehouse.loadedUnits([unit]), []);
      assert.deepEqual(await rowCount(temp), { rows: 0, repeated: 0 });
      const catalog = await temp.warehouse.catalog();
      const job = loadJob(catalog, "routed", [{ plan: loadPlan(catalog, "t", mode), units: [unit] }]);
      assert.equal((await temp.warehouse.load(job)).kind, "loaded");
      assert.deepEqual(await rowCount(temp), { rows: 400_000, repeated: 0 });
    });
  }

  it("says who holds the file when it has waited long enough", async () => {
    using temp = tempWarehouse();
    await temp.createTable("t", [newColumn("n", "integer", "n")]);
    const loader = startLoader(temp, [bigUnit(temp, 300_000)]);
    const impatient = createDuckDbWarehouse({
      file: temp.file,
      partPath: () => "",
      config: defaultConfig(),
      lockWaitMs: 0,
    });

    const error = await waitFor("a refused lock", () =>
      impatient.ping().then(
        () => undefined,
        (error: unknown) => error,
      ),
    );

    assert.ok(isRouterError(error, "WAREHOUSE_LOCKED"), "the lock was refused otherwise");
    assert.equal(error.retryable, true);
    assert.match(error.message, new RegExp(`process ${loader.pid} `));
    if (existsSync("/proc")) assert.match(error.message, /loader-process\.ts/);
    assert.deepEqual(await outcomes(loader), ["loaded"]);
  });
});

async function isLocked(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (error) {
    if (isRouterError(error, "WAREHOUSE_LOCKED")) return true;
    throw error;
  }
}
