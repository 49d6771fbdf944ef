import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../shared/config/load-config.ts";
import { defaultConfig } from "../../../shared/config/schema.ts";
import { allSettings } from "../../../shared/config/settings.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { problemsOf } from "./problems-of.ts";

describe("loadConfig", () => {
  it("gives the defaults without a file, and with an empty one", () => {
    using dir = tempDir();
    const file = join(dir.path, "empty.yaml");
    writeFileSync(file, "# nothing yet\n");

    assert.deepEqual(loadConfig(), defaultConfig());
    assert.deepEqual(loadConfig({ file }), defaultConfig());
  });

  it("lays the environment over the file, and flags over the environment", () => {
    using dir = tempDir();
    const file = join(dir.path, "router.yaml");
    writeFileSync(file, "splitter: {threads: 1, part_bytes: 1000}\non_corrupt: salvage\nevent_type: [a]\n");

    const config = loadConfig({
      file,
      env: {
        LOG_ROUTER_SPLITTER_THREADS: "2",
        LOG_ROUTER_TABLES_SCHEMA: "e2026",
        LOG_ROUTER_EVENT_TYPE: "[type, [a.b, c]]",
        LOG_ROUTER_EXCLUDE: '{login: ["password"]}',
        LOG_ROUTER_ON_OVERWRITE: "",
        LOG_ROUTER_DATA: "/somewhere",
        PATH: "/bin",
      },
      flags: ["splitter.threads=3", "tables.rewrite_rows=0"],
    });

    assert.equal(config.splitter.threads, 3);
    assert.equal(config.splitter.part_bytes, 1000);
    assert.equal(config.tables.schema, "e2026");
    assert.equal(config.tables.rewrite_rows, 0);
    assert.deepEqual(config.event_type, ["type", ["a.b", "c"]]);
    assert.deepEqual(config.exclude, { login: ["password"] });
    assert.equal(config.on_corrupt, "salvage");
    assert.equal(config.on_overwrite, "replace");
  });

  it("takes a setting or section without a value as not written", () => {
    assert.deepEqual(problemsOf("routes:\n# - match: x\nsplitter:\nloader:\n  slots:\n"), []);
  });

  it("throws all problems in one CONFIG_INVALID", () => {
    assert.throws(
      () => loadConfig({ flags: ["nonsense=1", "on_corrupt=never"] }),
      (error) =>
        isRouterError(error, "CONFIG_INVALID") &&
        error.message.startsWith("the configuration has 2 problems:\n") &&
        error.message.includes("nonsense") &&
        error.message.includes("must be one of fail, salvage"),
    );
  });

  it("keeps the defaults free of problems, whatever else is set to its default", () => {
    const flags = allSettings()
      .filter(({ node }) => node.default !== undefined)
      .map(
        ({ path, node }) =>
          `${path.join(".")}=${typeof node.default === "string" ? node.default : JSON.stringify(node.default)}`,
      );

    assert.deepEqual(loadConfig({ flags }), defaultConfig());
  });

  it("gives every setting a variable of its own", () => {
    const variables = allSettings().map(({ variable }) => variable);

    assert.equal(new Set(variables).size, variables.length);
  });
});
