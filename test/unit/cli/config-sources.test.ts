import assert from "node:assert/strict";
import { configSources } from "../../../cli/compose/config-sources.ts";
import { configOf } from "../../../shared/config/config-of.ts";

describe("configSources", () => {
  it("takes --threads for splitter.threads, over --set", async () => {
    const sources = configSources(
      { cwd: "/here", env: {} },
      { set: ["splitter.threads=7", "splitter.frames=single"], threads: 3 },
    );

    const { splitter } = await configOf(sources);

    assert.deepEqual([splitter.threads, splitter.frames], [3, "single"]);
  });

  it("finds the file from where the command was called", () => {
    assert.equal(
      configSources({ cwd: "/here", env: {} }, { set: [], config: "a.yaml" }).file,
      "/here/a.yaml",
    );
  });
});
