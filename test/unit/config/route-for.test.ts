import assert from "node:assert/strict";
import fc from "fast-check";
import { nameMatcher } from "../../../shared/config/name-glob.ts";
import { routeFor } from "../../../shared/config/route-for.ts";
import { configSchema, defaultConfig } from "../../../shared/config/schema.ts";

describe("routeFor", () => {
  it("knows no route by default", () => {
    assert.equal(routeFor(defaultConfig(), "click"), undefined);
  });

  it("takes the first route that matches, exact or glob", () => {
    const config = configSchema.parse({
      routes: [
        { match: "debug_keep" },
        { match: "debug_*", drop: true },
        { match: "page_?", table: "pages" },
        { match: "page_1", table: "never" },
      ],
    });

    assert.deepEqual(routeFor(config, "debug_keep"), { match: "debug_keep" });
    assert.deepEqual(routeFor(config, "debug_x"), { match: "debug_*", drop: true });
    assert.equal(routeFor(config, "page_1")?.table, "pages");
    assert.equal(routeFor(config, "page_12"), undefined);
    assert.equal(routeFor(config, "DEBUG_x"), undefined);
  });

  it("answers the same for any number of event types, also those named like members of Object", () => {
    const config = configSchema.parse({ routes: [{ match: "x*", drop: true }] });
    const names = [
      "__proto__",
      "constructor",
      ...Array.from({ length: 25_000 }, (_, i) => `${i % 2 ? "x" : "y"}${i}`),
    ];

    for (const name of names) {
      assert.equal(routeFor(config, name)?.drop, name.startsWith("x") ? true : undefined);
      assert.equal(routeFor(config, name)?.drop, name.startsWith("x") ? true : undefined);
    }
  });
});

describe("nameMatcher", () => {
  it("agrees with a matcher that works character by character", () => {
    const alphabet = fc.constantFrom("a", "b", ".", "*", "?", "[", "\\", "\n", "😀", "+", "$");
    const text = fc.array(alphabet, { maxLength: 8 }).map((parts) => parts.join(""));

    fc.assert(
      fc.property(text, text, (glob, name) => {
        assert.equal(nameMatcher(glob)(name), slowMatch(Array.from(glob), Array.from(name)));
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 300) },
    );
  });
});

function slowMatch(glob: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return name.length === 0;
  if (first === "*") return slowMatch(rest, name) || (name.length > 0 && slowMatch(glob, name.slice(1)));
  return name.length > 0 && (first === "?" || first === name[0]) && slowMatch(rest, name.slice(1));
}
