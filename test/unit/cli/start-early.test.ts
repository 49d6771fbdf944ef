import assert from "node:assert/strict";
import { wantsThread } from "../../../cli/start-early.ts";

describe("wantsThread", () => {
  it("is true for a split with more than one core", () => {
    assert.equal(
      wantsThread(["split", "a.gz", "--out", "parts"], { PATH: "/bin", LOG_ROUTER_LOG_LEVEL: "info" }, 2),
      true,
    );
  });

  it("is true for the workers that split", () => {
    assert.equal(wantsThread(["run", "logs", "--once"], {}, 2), true);
    assert.equal(wantsThread(["splitter", "logs"], {}, 4), true);
  });

  for (const args of [
    [],
    ["loader", "--once"],
    ["split"],
    ["status"],
    ["--help"],
    ["split", "--help"],
    ["split", "a.gz", "-h"],
    ["split", "a.gz", "--threads", "1"],
    ["split", "a.gz", "--threads=1"],
    ["split", "a.gz", "--set", "splitter.threads=1"],
    ["split", "a.gz", "--config", "c.yaml"],
  ])
    it(`is false for: ${args.join(" ")}`, () => assert.equal(wantsThread(args, {}, 2), false));

  it("is false where the environment may say otherwise, and on one core", () => {
    assert.equal(wantsThread(["split", "a.gz"], { LOG_ROUTER_CONFIG: "c.yaml" }, 2), false);
    assert.equal(wantsThread(["split", "a.gz"], { LOG_ROUTER_SPLITTER_THREADS: "1" }, 2), false);
    assert.equal(wantsThread(["split", "a.gz"], {}, 1), false);
  });
});
