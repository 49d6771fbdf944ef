// Documents say what the code does, where a test can tell.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { awsPerformancePage } from "../../../scripts/docs/aws-performance-page.ts";
import { commandPage } from "../../../scripts/docs/command-page.ts";
import { configurationPage } from "../../../scripts/docs/configuration-page.ts";
import { contractSchemas } from "../../../scripts/docs/contract-schemas.ts";
import { checkConfig } from "../../../shared/config/load-config.ts";
import { ERROR_CODES } from "../../../shared/errors/router-error.ts";

const root = join(import.meta.dirname, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const COMMAND_PAGE = await commandPage();
const VERBS = [...COMMAND_PAGE.matchAll(/^## log-router (.+)$/gm)].map((match) => match[1]!);

describe("documents", () => {
  it("generated ones are what the code says", () => {
    assert.equal(read("docs/configuration.md"), configurationPage());
    assert.equal(read("docs/cli.md"), COMMAND_PAGE);
    assert.equal(read("docs/aws-performance.md"), awsPerformancePage());
    for (const [name, text] of contractSchemas()) assert.equal(read(`docs/contracts/${name}`), text, name);
  });

  it("every error code stands in docs/error-codes.md, and no other", () => {
    const documented = [...read("docs/error-codes.md").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      (match) => match[1],
    );

    assert.deepEqual(documented, [...ERROR_CODES]);
  });

  it("every dependency stands in docs/dependencies.md with its version and a reason", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json"));
    const rows = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` \| `([^`]+)` \| \S.*\|$/gm)];

    assert.deepEqual(Object.fromEntries(rows.map((row) => [row[1], row[2]])), {
      ...dependencies,
      ...devDependencies,
    });
  });

  it("the README is at most 150 lines and names every verb", () => {
    const readme = read("README.md");

    assert.ok(readme.trimEnd().split("\n").length <= 150);
    for (const verb of VERBS) assert.match(readme, new RegExp(`\\b${verb.split(" ")[0]}\\b`), verb);
  });

  it("every command line in the documents is one that the command has", () => {
    const lines = markdownFiles().flatMap((file) =>
      [...read(file).matchAll(/(?:bin\/)?log-router ([a-z]+)(?: ([a-z]+))?/g)].map((match) => ({
        file,
        match,
      })),
    );

    assert.ok(lines.length > 50);
    for (const { file, match } of lines) {
      const [text, first, second] = match;
      const known = VERBS.some(
        (verb) => verb === first || verb === `${first} ${second}` || verb.startsWith(`${first} `),
      );
      assert.ok(known || first === "command", `${file}: ${text}`);
    }
  });

  it("every link between documents leads somewhere", () => {
    for (const file of markdownFiles()) {
      for (const [, target] of read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)) {
        assert.ok(existsSync(join(root, dirname(file), target!)), `${file}: ${target}`);
      }
    }
  });

  it("every make target that a document names is there", () => {
    const targets = new Set([...read("Makefile").matchAll(/^([a-z-]+):/gm)].map((match) => match[1]));
    for (const file of markdownFiles()) {
      for (const [, target] of read(file).matchAll(/(?:`|^)make ([a-z-]+)/gm))
        assert.ok(targets.has(target), `${file}: make ${target}`);
    }
  });

  it("the example configuration has no problems", () => {
    assert.deepEqual(checkConfig({ file: join(root, "examples/router.yaml") }).problems, []);
  });

  it("the lockfile has the packages of every platform", () => {
    execFileSync(process.execPath, [join(root, "scripts/complete-lockfile.ts"), "--check"]);
  });
});

function markdownFiles(): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) =>
    join("docs", name),
  );
  return [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "bench/README.md",
    "examples/README.md",
    ...docs,
  ].filter((name) => name.endsWith(".md"));
}
