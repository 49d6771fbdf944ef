// The benchmarks over an emulator in their shortest form: they run, and their figures are of work that was done.
import assert from "node:assert/strict";
import { startLocalAws, type LocalAws } from "../../../bench/aws/local-aws.ts";
import { measureFreshness } from "../../../bench/aws/measure-freshness.ts";
import { measureThroughput } from "../../../bench/aws/measure-throughput.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";

const [emulator] = emulatorsUnderTest();
/** Through the network that they make. */
const DELAY_MS = 2;

if (emulator !== undefined)
  describe(`benchmarks on ${emulator} and the stand-in`, function () {
    this.timeout(120_000);
    let dir: TempDir;
    let aws: LocalAws;

    before(async () => {
      dir = tempDir();
      aws = await startLocalAws(emulator, dir.path, DELAY_MS);
    });
    after(async () => {
      await aws?.[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    });

    it("split and load objects, and say whose processor time it was", async () => {
      const options = { objects: 4, bytes: 80_000, types: 2, compression: "gzip", delay: DELAY_MS } as const;

      const { split, load, lines } = await measureThroughput(aws, options, dir.path);

      assert.ok(lines > 100);
      for (const [stage, worker] of [
        [split, "splitter"],
        [load, "loader"],
      ] as const) {
        // prettier-ignore
        assert.ok(stage.cpu_seconds[worker]! > 0.1, JSON.stringify(stage));
        assert.ok(stage.cpu_seconds[emulator]! > 0, JSON.stringify(stage));
        assert.ok(Math.abs(stage.objects_per_second * stage.wall_seconds - 4) < 1e-6);
      }
      assert.equal(split.cpu_seconds["loader"], undefined);
      assert.ok(load.cpu_seconds["PostgreSQL of the stand-in"]! > 0, JSON.stringify(load));
    });

    it("follow objects from the put to the query", async () => {
      const result = await measureFreshness(aws, { ageSeconds: 0.5, objects: 3, spreadSeconds: 1 });

      assert.equal(result.seconds.length, 3);
      assert.ok(result.seconds.every((seconds) => seconds > 0 && seconds < 60));
      assert.equal(result.max_seconds, result.seconds.at(-1));
    });
  });
