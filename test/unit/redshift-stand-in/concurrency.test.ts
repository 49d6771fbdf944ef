// AWS.md 10, "Engine": bugs planted into the loader's transaction have to show, under both isolations, or the stand-in hides them.
import assert from "node:assert/strict";
import { BatchExecuteStatementCommand, DescribeStatementCommand } from "@aws-sdk/client-redshift-data";
import { openStandIn, WORKGROUP, type Ran, type StandInRig } from "../../helpers/stand-in.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Fails with a division by zero when the unit is in the ledger. */
const GUARD = "SELECT 1 / (CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END) FROM ledger WHERE unit = 'u'";
const LOCK = "LOCK TABLE slot";
const INSERT = "INSERT INTO ledger VALUES ('u')";
/** Long enough for another batch to come in between. */
const PAUSE = "SELECT COUNT(*) FROM many a, many b";

for (const isolation of ["repeatable read", "serializable"] as const) {
  describe(`stand-in: concurrency under ${isolation}`, function () {
    this.timeout(30_000);
    let rig: StandInRig;
    before(async () => {
      rig = await openStandIn({ isolation });
      await rig.ok("CREATE TABLE ledger (unit VARCHAR(9))");
      await rig.ok("CREATE TABLE slot (held BOOLEAN)");
      await rig.ok("CREATE TABLE slot_2 (held BOOLEAN)");
      await rig.ok("CREATE TABLE many (n BIGINT)");
      await rig.ok(`INSERT INTO many VALUES ${Array.from({ length: 2500 }, () => "(1)").join(", ")}`);
    });
    after(() => rig[Symbol.asyncDispose]());
    beforeEach(() => rig.ok("DELETE FROM ledger"));

    async function send(sqls: readonly string[]): Promise<string> {
      const sent = await rig.client.send(
        new BatchExecuteStatementCommand({ WorkgroupName: WORKGROUP, Database: "dev", Sqls: [...sqls] }),
      );
      return sent.Id!;
    }
    /** Resolves when the batch has come to its n-th statement (1-based), or beyond. */
    const reached = (id: string, n: number) =>
      waitFor(`statement ${n}`, async () => {
        const state = await rig.client.send(new DescribeStatementCommand({ Id: id }));
        return state.SubStatements?.[n - 1]?.Status !== "SUBMITTED";
      });
    /** Starts the second batch when the first has come to its n-th statement. */
    async function interleave(
      first: readonly string[],
      n: number,
      second: readonly string[],
    ): Promise<[Ran, Ran]> {
      const one = await send(first);
      await reached(one, n);
      const two = await send(second);
      return Promise.all([rig.ended(one), rig.ended(two)]);
    }
    const units = async () => Number((await rig.rows("SELECT COUNT(*) FROM ledger"))[0]![0]);
    const statuses = (...runs: readonly Ran[]) => runs.map((ran) => ran.status).toSorted();

    it("loads once when the slot is locked first, and the second one sees it in the ledger", async () => {
      const load = [LOCK, GUARD, PAUSE, INSERT];
      const [one, two] = await interleave(load, 3, load);

      assert.equal(one.status, "FINISHED");
      assert.match(two.error, /division by zero/);
      assert.equal(await units(), 1);
    });

    it("shows a missing LOCK: doubled rows, or a serializable isolation violation", async () => {
      const load = [GUARD, PAUSE, INSERT];
      const [one, two] = await interleave(load, 2, load);

      if (isolation === "repeatable read") {
        assert.deepEqual(statuses(one, two), ["FINISHED", "FINISHED"]);
        assert.equal(await units(), 2);
      } else {
        assert.deepEqual(statuses(one, two), ["FAILED", "FINISHED"]);
        assert.match(one.error + two.error, /1023.*Serializable isolation violation/);
        assert.equal(await units(), 1);
      }
    });

    it("shows a guard in front of the LOCK: it looks at the time before", async () => {
      const load = [GUARD, LOCK, PAUSE, INSERT];
      const [one, two] = await interleave([LOCK, PAUSE, GUARD, INSERT], 2, load);

      assert.equal(one.status, "FINISHED");
      if (isolation === "repeatable read") {
        assert.equal(two.status, "FINISHED");
        assert.equal(await units(), 2);
      } else {
        assert.match(two.error, /1023/);
        assert.equal(await units(), 1);
      }
    });

    it("shows slots locked in opposite order: a deadlock, ended for one of the two", async () => {
      const [one, two] = await interleave(["LOCK TABLE slot", PAUSE, "LOCK TABLE slot_2"], 2, [
        "LOCK TABLE slot_2",
        "LOCK TABLE slot",
      ]);

      assert.deepEqual(statuses(one, two), ["FAILED", "FINISHED"]);
      assert.match(one.error + two.error, /deadlock/);
    });

    it("shows a racing CREATE: the second one finds the name taken", async () => {
      const create = (name: string, column: string) => [`CREATE TABLE ${name} (${column} BIGINT)`, PAUSE];
      const [one, two] = await interleave(create("raced", "a"), 2, create("raced", "b"));

      assert.equal(one.status, "FINISHED");
      assert.match(two.error, /already exists|duplicate key/);
    });

    it("shows a racing CREATE IF NOT EXISTS of another shape: it succeeds, or fails on the race, and the columns are not there", async () => {
      const create = (column: string) => [`CREATE TABLE IF NOT EXISTS shaped (${column} BIGINT)`, PAUSE];
      const [one] = await interleave(create("a"), 2, create("b"));

      assert.equal(one.status, "FINISHED");
      assert.match(await rig.refused("SELECT b FROM shaped"), /does not exist/);
    });

    it("shows a racing ADD COLUMN", async () => {
      await rig.ok("CREATE TABLE grown (a BIGINT)");
      const add = ["ALTER TABLE grown ADD COLUMN b BIGINT", PAUSE];
      const [one, two] = await interleave(add, 2, add);

      assert.equal(one.status, "FINISHED");
      assert.match(two.error, /already exists/);
    });

    it("lets writers of one table wait for one another, and readers not", async () => {
      const [writer, reader] = await interleave(["INSERT INTO slot VALUES (true)", PAUSE, PAUSE], 2, [
        "SELECT COUNT(*) FROM slot",
      ]);
      assert.ok(reader.description.UpdatedAt! <= writer.description.UpdatedAt!);
      assert.deepEqual(reader.results, [[[0]]]);

      // The second one begins to look when the first has ended: it sees both rows.
      const [first, second] = await interleave(["INSERT INTO slot_2 VALUES (true)", PAUSE], 2, [
        "INSERT INTO slot_2 VALUES (false)",
        "SELECT COUNT(*) FROM slot_2",
      ]);
      assert.deepEqual(statuses(first, second), ["FINISHED", "FINISHED"]);
      assert.deepEqual(second.results[1], [[2]]);
    });

    it("lets a waiting ALTER hold up readers, until its statement_timeout", async () => {
      await rig.ok("CREATE TABLE busy (a BIGINT)");
      const reading = await send(["SELECT COUNT(*) FROM busy", PAUSE, PAUSE, PAUSE]);
      await reached(reading, 2);
      const altering = await send(["SET statement_timeout TO 100", "ALTER TABLE busy ADD COLUMN b BIGINT"]);

      assert.match((await rig.ended(altering)).error, /statement timeout/);
      assert.equal((await rig.ended(reading)).status, "FINISHED");
    });
  });
}
