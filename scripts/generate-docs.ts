// Writes the generated documents: `node scripts/generate-docs.ts [--check]`. With --check nothing is written, and the exit code is 1 when
// one of them is not what the code says.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { awsPerformancePage } from "./docs/aws-performance-page.ts";
import { commandPage } from "./docs/command-page.ts";
import { configurationPage } from "./docs/configuration-page.ts";
import { contractSchemas } from "./docs/contract-schemas.ts";
import { deliveryGuaranteesPage } from "./docs/kill-matrix.ts";
import { performancePage } from "./docs/performance-page.ts";
import { plainConfigJson } from "./docs/plain-config.ts";

const docs = join(import.meta.dirname, "..", "docs");

const pages = new Map([
  ["aws-performance.md", awsPerformancePage()],
  ["configuration.md", configurationPage()],
  ["cli.md", await commandPage()],
  ["delivery-guarantees.md", deliveryGuaranteesPage()],
  ["performance.md", performancePage()],
  [join("..", "shared", "config", "plain-config.json"), plainConfigJson()],
  ...[...contractSchemas()].map(([name, text]) => [join("contracts", name), text] as const),
]);

const stale = [...pages].filter(([name, text]) => stored(name) !== text);
if (process.argv.includes("--check")) {
  for (const [name] of stale)
    process.stderr.write(`${join("docs", name)} is not what the code says. Run: make docs\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const [name, text] of stale) {
    mkdirSync(dirname(join(docs, name)), { recursive: true });
    writeFileSync(join(docs, name), text);
    process.stdout.write(`${join("docs", name)}\n`);
  }
}

function stored(name: string): string | undefined {
  try {
    return readFileSync(join(docs, name), "utf8");
  } catch {
    return undefined;
  }
}
