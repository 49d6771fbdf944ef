import assert from "node:assert/strict";
import { configSchema, defaultConfig } from "../../../shared/config/schema.ts";
import { keyMatcher, sourceSettings } from "../../../shared/config/source-settings.ts";

describe("sourceSettings", () => {
  it("gives the top-level settings when no rule matches", () => {
    assert.deepEqual(sourceSettings(defaultConfig(), "/logs/a.gz"), {
      format: "ndjson",
      records: "Records",
      eventTypePaths: [["event"], ["event_type"], ["eventName"], ["type"]],
      onCorrupt: "fail",
      onOverwrite: "replace",
    });
  });

  it("takes the first rule that matches, whole", () => {
    const config = configSchema.parse({
      on_corrupt: "salvage",
      patterns: { mine: "(?<event>\\w+)" },
      sources: [
        { match: "trail/**", format: "records", event_type: [["a.b"], "c.d"], on_overwrite: "append" },
        { match: "trail/**", format: "text", pattern: "alb", constant_event_type: "never" },
        { match: "*.log", format: "text", pattern: "mine", constant_event_type: "line", on_corrupt: "fail" },
        { match: "*.alb", format: "text", pattern: "alb" },
      ],
    });

    assert.deepEqual(sourceSettings(config, "/x/trail/2026/a.json.gz"), {
      format: "records",
      records: "Records",
      eventTypePaths: [["a.b"], ["c", "d"]],
      onCorrupt: "salvage",
      onOverwrite: "append",
    });
    assert.deepEqual(sourceSettings(config, "app/b.log"), {
      format: "text",
      records: "Records",
      pattern: { name: "mine", expression: "(?<event>\\w+)" },
      eventTypePaths: [["event"], ["event_type"], ["eventName"], ["type"]],
      constantEventType: "line",
      onCorrupt: "fail",
      onOverwrite: "replace",
    });
    assert.deepEqual(sourceSettings(config, "b.alb").pattern, { name: "alb" });
  });

  it("answers each configuration for itself", () => {
    const append = configSchema.parse({ on_overwrite: "append" });

    assert.equal(sourceSettings(append, "a").onOverwrite, "append");
    assert.equal(sourceSettings(defaultConfig(), "a").onOverwrite, "replace");
  });
});

describe("keyMatcher", () => {
  const cases: readonly [glob: string, key: string, matches: boolean][] = [
    ["*.log", "/var/log/app/a.log", true],
    ["*.log", "a.log", true],
    ["*.log", "a.log.gz", false],
    ["app/*.log", "/var/app/a.log", true],
    ["app/*.log", "app/a.log", true],
    ["app/*.log", "/var/myapp/a.log", false],
    ["app/*.log", "app/deep/a.log", false],
    ["app/**", "x/app/deep/a.log", true],
    ["/app/*.log", "/app/a.log", true],
    ["/app/*.log", "app/a.log", true],
    ["/app/*.log", "/var/app/a.log", false],
    ["**/a.log", "/var/a.log", true],
    ["*.log", "/var/.hidden/.a.log", true],
    ["a.{gz,zst}", "x/a.zst", true],
    ["!a.log", "b.log", false],
    ["!a.log", "!a.log", true],
    ["a*b", "x/a\nb", true],
    ["**/b", "a\nc/b", true],
    ["*", "__proto__", true],
  ];
  for (const [glob, key, matches] of cases) {
    it(`${JSON.stringify(glob)} ${matches ? "matches" : "does not match"} ${JSON.stringify(key)}`, () => {
      assert.equal(keyMatcher(glob)(key), matches);
    });
  }
});
