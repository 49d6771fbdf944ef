import assert from "node:assert/strict";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wantsThread } from "../../../cli/start-early.ts";
import { WORTH_A_THREAD_BYTES } from "../../../services/splitter/threads/worth-a-thread.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";

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
    assert.equal(wantsThread(["splitter", "--queue", "https://queue"], {}, 4), true);
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

  describe("with sources that are there", () => {
    let dir: TempDir;
    const at = (...names: string[]): string => join(dir.path, ...names);
    const wants = (...paths: string[]): boolean =>
      wantsThread(["split", ...paths, "--out", at("out")], {}, 2);
    const write = (path: string, bytes: number): void => {
      writeFileSync(path, "");
      truncateSync(path, bytes);
    };

    beforeEach(() => {
      dir = tempDir();
      mkdirSync(at("logs"));
    });
    afterEach(() => dir[Symbol.dispose]());

    it("goes by the size of all files together", () => {
      write(at("a"), WORTH_A_THREAD_BYTES - 1);
      write(at("b"), 1);
      write(at("c"), 1);

      assert.equal(wants(at("a")), false);
      assert.equal(wants(at("a"), at("b")), false);
      assert.equal(wants(at("a"), at("b"), at("c")), true);
      assert.equal(wants(at("a"), at("missing")), true);
    });

    it("looks into a folder of files", () => {
      write(at("logs", "a"), WORTH_A_THREAD_BYTES);
      assert.equal(wants(at("logs")), false);
      write(at("logs", "b"), 1);
      assert.equal(wants(at("logs")), true);
    });

    it("takes a folder with folders for large", () => {
      assert.equal(wants(at("logs")), false);
      mkdirSync(at("logs", "more"));
      assert.equal(wants(at("logs")), true);
    });

    it("does not mind what is at the place for the output", () => {
      write(at("a"), 1);
      mkdirSync(at("out"));
      write(at("out", "large"), WORTH_A_THREAD_BYTES + 1);

      assert.equal(wants(at("a")), false);
    });
  });
});
