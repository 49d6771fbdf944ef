// Which emulators the suites run on, and what is said where there is no Python: asked of processes that have none.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { tempDir } from "../../helpers/temp-dir.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..", "..", "..");
const HELPER = join(ROOT, "test", "helpers", "emulators.ts");

/** What a module's function gives in a process with this environment, as JSON. */
async function asked(module: string, call: string, env: Record<string, string>): Promise<string> {
  const program = `const m = await import(${JSON.stringify(module)}); console.log(JSON.stringify(await m.${call}))`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { env });
  return stdout.trim();
}

describe("emulators", function () {
  this.timeout(30_000);
  const NO_PYTHON = { PATH: "/nowhere" };

  it("under test are both where there is Python, and the one that EMULATOR names", async () => {
    const path = { PATH: process.env["PATH"] ?? "" };
    const all = await asked(HELPER, "emulatorsUnderTest()", path);
    assert.ok(['["ministack","localstack"]', "[]"].includes(all), all);
    assert.equal(await asked(HELPER, "emulatorsUnderTest()", { ...path, EMULATOR: "" }), all);
    assert.equal(
      await asked(HELPER, "emulatorsUnderTest()", { ...NO_PYTHON, EMULATOR: "localstack" }),
      '["localstack"]',
    );
    await assert.rejects(asked(HELPER, "emulatorsUnderTest()", { ...path, EMULATOR: "floci" }), {
      stderr: /it is one of ministack, localstack/,
    });
  });

  it("under test are none without Python, and in CI that is a failure", async () => {
    assert.equal(await asked(HELPER, "emulatorsUnderTest()", NO_PYTHON), "[]");
    await assert.rejects(asked(HELPER, "emulatorsUnderTest()", { ...NO_PYTHON, CI: "1" }), {
      stderr: /python3 is missing: the suites on emulators must run in CI/,
    });
  });

  it("are frozen: every package of their requirements by its version, and the last image that needs no account", () => {
    const read = (name: string): string => readFileSync(join(ROOT, "localstack", name), "utf8");
    const wanted: Readonly<Record<string, readonly string[]>> = {
      ministack: ["ministack==1.5.33"],
      // cbor2 6 and pyOpenSSL 26 break it.
      localstack: ["localstack-core==4.13.1", "cbor2==5.8.0", "pyOpenSSL==25.3.0"],
    };
    for (const [name, packages] of Object.entries(wanted)) {
      const lines = read(`requirements-${name}.txt`).trim().split("\n");
      for (const line of lines) assert.match(line, /^[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*$/);
      for (const one of packages) assert.ok(lines.includes(one), `${one} in ${lines.join(" ")}`);
    }
    const { services } = z
      .object({ services: z.record(z.string(), z.object({ image: z.string(), ports: z.array(z.string()) })) })
      .parse(parse(read("compose.yaml")));
    assert.deepEqual(
      Object.values(services).map(({ image, ports }) => [image, ports]),
      [["localstack/localstack:4.14.0", ["127.0.0.1:4566:4566"]]],
    );
  });

  it("say what they need where there is no Python to install them with", async () => {
    using dir = tempDir();
    const folder = join(dir.path, "localstack");
    mkdirSync(folder);
    for (const file of ["emulator.ts", "requirements-ministack.txt"])
      copyFileSync(join(ROOT, "localstack", file), join(folder, file));

    await assert.rejects(asked(join(folder, "emulator.ts"), 'installEmulator("ministack")', NO_PYTHON), {
      stderr: /python3, version 3\.10 or later with venv and pip, is needed.*EMULATOR_ENDPOINT/,
    });
  });
});
