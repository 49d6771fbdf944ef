import assert from "node:assert/strict";
import fc from "fast-check";
import { loadConfig } from "../../../shared/config/load-config.ts";
import { plainConfig } from "../../../shared/config/plain-config.ts";
import { allSettings } from "../../../shared/config/settings.ts";

describe("plainConfig", () => {
  it("is the configuration of a call without file, environment and flags", () => {
    assert.deepEqual(plainConfig({}), loadConfig({}));
    assert.deepEqual(plainConfig({ env: { HOME: "/", LOG_ROUTER_DATA: "d" } }), loadConfig({}));
  });

  it("never says anything else than loadConfig, whatever is set to whatever", () => {
    const paths = allSettings().map(({ path }) => path.join("."));
    const setting = fc.constantFrom(...paths, "splitter.threads", "splitter.compression", "");
    const number = fc.integer({ min: -2, max: 40 }).map(String);
    const odd = fc.constantFrom("zstd", "gzip", "single", "01", "1e1", "2.0", "null", "", "999999999", "a=b");
    const flag = fc.tuple(setting, fc.oneof(number, odd)).map(([path, text]) => `${path}=${text}`);
    let plain = 0;
    fc.assert(
      fc.property(fc.array(flag, { maxLength: 3 }), (flags) => {
        const config = plainConfig({ flags });
        if (!config) return;
        plain++;
        assert.deepEqual(config, loadConfig({ flags }));
      }),
    );
    assert.ok(plain > 0);
  });

  for (const flags of [["splitter.threads=2"], ["splitter.compression=gzip", "splitter.threads=4"]]) {
    it(`knows ${flags.join(" ")}`, () => {
      assert.deepEqual(plainConfig({ flags }), loadConfig({ flags }));
    });
  }

  for (const sources of [
    { file: "a.yaml" },
    { env: { LOG_ROUTER_SPLITTER_THREADS: "2" } },
    { env: { LOG_ROUTER_TYPO: "2" } },
    { flags: ["splitter.threads=0"] },
    { flags: ["splitter.threads"] },
    { flags: ["splitter.memory_bytes=1000000"] },
    { flags: ["__proto__=1"] },
  ]) {
    it(`leaves ${JSON.stringify(sources)} to loadConfig`, () => {
      assert.equal(plainConfig(sources), undefined);
    });
  }
});
