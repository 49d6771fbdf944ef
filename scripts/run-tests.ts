// `make test`: the whole suite in two processes side by side, because half of it waits for servers most of the time. Prints both reports, and at
// the very end `N passed, N failed` of both together, which TEST_SUMMARY_FILE gets as well. Exit code 1 unless nothing failed.
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const ROOT = join(import.meta.dirname, "..");
const REPORTER = join(import.meta.dirname, "summary-reporter.ts");
/** Unit tests that need a PostgreSQL. */
const WITH_SERVERS = ["test/unit/redshift-stand-in/", "test/unit/warehouse-redshift/"];

interface Group {
  readonly name: string;
  readonly files: readonly string[];
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const files = globSync("test/{unit,contract,integration,chaos}/**/*.test.ts", { cwd: ROOT }).sort();
const needsNone = (file: string): boolean =>
  file.startsWith("test/unit/") && !WITH_SERVERS.some((folder) => file.startsWith(folder));
const folder = mkdtempSync(join(tmpdir(), "log-router-tests-"));
try {
  const alone = run({ name: "tests without servers", files: files.filter(needsNone) }, "pipe");
  const withServers = run(
    { name: "tests with servers", files: files.filter((file) => !needsNone(file)) },
    "inherit",
  );
  const [first, second] = await Promise.all([alone, withServers]);
  const line = `${first.passed + second.passed} passed, ${first.failed + second.failed} failed`;
  const file = process.env["TEST_SUMMARY_FILE"];
  if (file !== undefined) writeFileSync(file, `${line}\n`);
  process.stdout.write(`${line}\n`);
  process.exitCode = first.failed + second.failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** With `pipe` the report is shown when the group has ended, so that the two do not mix. */
async function run({ name, files }: Group, output: "pipe" | "inherit"): Promise<Counts> {
  const summary = join(folder, `${name}.txt`);
  const mocha = spawn("mocha", ["--reporter", REPORTER, ...files], {
    cwd: ROOT,
    env: { ...process.env, TEST_SUMMARY_FILE: summary },
    stdio: ["ignore", output, output],
  });
  const report = Promise.all(
    [mocha.stdout, mocha.stderr].map(async (stream) => (stream ? text(stream) : "")),
  );
  const code = await new Promise<number | null>((resolve, reject) =>
    mocha.on("close", resolve).on("error", reject),
  );
  process.stdout.write(`${(await report).join("")}\n== ${name}: ended\n`);
  return countsOf(summary, code);
}

/** A group that ended without counting, or with code 0 for no good reason, has failed. */
function countsOf(summary: string, code: number | null): Counts {
  const match = /^(\d+) passed, (\d+) failed/.exec(readIfThere(summary));
  const [passed, failed] = match ? [Number(match[1]), Number(match[2])] : [0, 1];
  return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
