// The short form of the kill matrix: the most telling points of both workers, over little work. All points: `make chaos`.
import assert from "node:assert/strict";
import { emulatorsUnderTest } from "../helpers/emulators.ts";
import { plannedKills } from "./matrix/points.ts";
import { runMatrix } from "./matrix/run-matrix.ts";
import { isGood } from "./matrix/run-point.ts";

/** One in each of the states that a crash can leave a source in. */
const TELLING: readonly string[] = [
  "splitter part-put",
  "splitter receipt-put",
  "loader load-sent",
  "loader load-committed",
  "loader source-settled",
];
const JOBS = 3;

describe("SIGKILL at a point", function () {
  this.timeout(600_000);
  const [emulator] = emulatorsUnderTest();

  it("leaves nothing lost and nothing twice, at the most telling points of both workers", async function () {
    if (emulator === undefined) return this.skip();
    const kills = plannedKills().filter(
      ({ point, occurrence }) => occurrence === 1 && TELLING.includes(`${point.worker} ${point.name}`),
    );
    assert.equal(kills.length, TELLING.length);

    const outcomes = await runMatrix({ emulator, kills, jobs: JOBS, scene: "brief" });

    for (const outcome of outcomes) assert.ok(isGood(outcome), JSON.stringify(outcome, undefined, 2));
  });
});
