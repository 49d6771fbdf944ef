// The benchmarks on next to no data: everybody who is installed runs, and what they write is counted. Figures do not matter here.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { readResult } from "../../../bench/harness/result.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

const ROOT = join(import.meta.dirname, "../../..");

async function bench(out: string, ...args: string[]): Promise<void> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  await promisify(execFile)(process.execPath, [join(ROOT, "bench/run.ts"), "--tiny", "--out", out, ...args], {
    env,
  });
}

/** Who ran, by case. */
function present(suite: string, out: string): Record<string, string[]> {
  const cases = readResult(suite, out)?.cases ?? [];
  return Object.fromEntries(
    cases.map(({ id, contestants }) => [
      id,
      contestants.filter((each) => !each.absent).map((each) => each.id),
    ]),
  );
}

describe("make bench", function () {
  this.timeout(120_000);

  it("splits with every tool that is there, and checks what they wrote", async () => {
    using dir = tempDir();

    await bench(dir.path, "--suite", "peers", "--case", "peers");

    const peers = present("peers", dir.path)["peers"];
    for (const id of ["zcat-zstd", "log-router", "duckdb", "plain-node"]) assert.ok(peers?.includes(id), id);
    for (const { samples, absent } of readResult("peers", dir.path)!.cases[0]!.contestants) {
      assert.equal(samples.length, absent === undefined ? 1 : 0);
    }
  });

  it("makes tables by hand and by the product, and counts them", async () => {
    using dir = tempDir();

    await bench(dir.path, "--suite", "loading");

    assert.deepEqual(present("loading", dir.path), {
      "end-to-end": ["declared", "tables", "inferred", "passes", "run"],
      "ready-parts": ["parts", "parts-2", "loader"],
    });
  });
});
