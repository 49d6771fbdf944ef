// The two services as containers start them: processes of their own, everything from the environment, ended by SIGTERM.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { openAwsRig, type AwsRig } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const ROOT = join(import.meta.dirname, "../../..");

describe("services as processes", function () {
  this.timeout(60_000);
  const [name] = emulatorsUnderTest();
  let rig: AwsRig;

  before(async function () {
    if (name === undefined) return this.skip();
    rig = await openAwsRig(name);
  });
  after(() => rig?.[Symbol.asyncDispose]());

  function start(service: "splitter" | "loader") {
    const env = {
      ...rig.env,
      PATH: process.env["PATH"],
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      LOG_ROUTER_DATA: join(rig.cwd, service),
    };
    const main = join(ROOT, "services", service, "main.ts");
    const child = spawn(process.execPath, [main], { cwd: rig.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    const done = new Promise<number | NodeJS.Signals | null>((resolve) => {
      child.once("close", (code, signal) => resolve(code ?? signal));
    });
    return { child, output, done };
  }

  it("route what S3 tells of, and end at SIGTERM with nothing in hand", async () => {
    const services = [start("splitter"), start("loader")];
    try {
      await rig.put("raw/a.ndjson", '{"event":"served","n":1}\n{"event":"served","n":2}\nbroken\n');
      await using deps = await rig.reading();
      await waitFor(
        "a loaded source",
        async () => {
          const names = [{ bucket: rig.sources, key: "raw/a.ndjson" }];
          const rows = await deps.warehouse.findSources({ names }).catch(() => []);
          return rows.some(({ state, quarantined }) => state === "loaded" && quarantined === 1);
        },
        40_000,
      );
    } finally {
      for (const { child } of services) child.kill("SIGTERM");
    }
    for (const { done, output } of services) {
      assert.equal(await done, 0, output.stderr);
      for (const line of output.stdout.trim().split("\n")) assert.ok("_aws" in (JSON.parse(line) as object));
      assert.match(output.stderr, /"event":"stopping"/);
      for (const line of output.stderr.trim().split("\n"))
        assert.ok("level" in (JSON.parse(line) as object), line);
    }
  });
});
