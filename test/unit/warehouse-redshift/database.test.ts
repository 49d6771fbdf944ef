import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { ManualClock, systemClock } from "../../../shared/runtime/clock.ts";
import { createDataApi } from "../../../shared/warehouse/redshift/data-api.ts";
import {
  createDatabase,
  inChunks,
  inSizedChunks,
  valueChunks,
} from "../../../shared/warehouse/redshift/database.ts";
import { statementError } from "../../../shared/warehouse/redshift/errors.ts";
import { openStandIn, WORKGROUP, type StandInRig } from "../../helpers/stand-in.ts";

const conflict = (): Error =>
  statementError("load", "redshift:w/d", "ERROR: 1023 - Serializable isolation violation on table");

describe("statements of the warehouse on Redshift", function () {
  this.timeout(30_000);
  let rig: StandInRig;
  const sent: { name: string; sqls: readonly string[] }[] = [];
  before(async () => void (rig = await openStandIn()));
  after(() => rig[Symbol.asyncDispose]());

  const open = (clock = systemClock) =>
    createDatabase(
      createDataApi(rig.client, {
        target: { workgroup: WORKGROUP, database: "dev" },
        limiter: (_, call) => call(),
        clock: systemClock,
        journal: (name, sqls) => void sent.push({ name, sqls }),
      }),
      clock,
    );

  describe("are done again", () => {
    /** Moves time on until it has ended. */
    async function ended<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
      const isOver = work.then(
        () => true,
        () => true,
      );
      while (!(await Promise.race([isOver, turn(false)]))) await clock.advance(1000);
      return work;
    }

    it("when somebody else's transaction was in the way, with pauses between", async () => {
      const clock = new ManualClock();
      const times: number[] = [];

      const result = await ended(
        clock,
        open(clock).retried(async () => {
          times.push(clock.now().getTime());
          if (times.length < 5) throw conflict();
          return "done";
        }),
      );

      assert.deepEqual([result, times.length], ["done", 5]);
      assert.ok(times.at(-1)! > times[0]!);
    });

    it("so often and no more", async () => {
      const clock = new ManualClock();
      let tries = 0;

      await assert.rejects(
        ended(
          clock,
          open(clock).retried(async () => {
            tries += 1;
            throw conflict();
          }),
        ),
        { code: "TABLE_LOCKED" },
      );

      assert.equal(tries, 8);
    });

    it("not for any other failure", async () => {
      let tries = 0;
      await assert.rejects(
        open().retried(async () => {
          tries += 1;
          throw statementError("load", "redshift:w/d", "ERROR: permission denied");
        }),
        { code: "ACCESS_DENIED" },
      );

      assert.equal(tries, 1);
    });

    it("when the server itself finds a deadlock or a serialization failure", async () => {
      const database = open();
      for (const error of ["ERROR: deadlock detected", "ERROR: could not serialize access due to x"])
        assert.ok(isRouterError(statementError("x", "t", error), "TABLE_LOCKED"));
      await assert.rejects(database.transaction(["SELECT 1/0"], { name: "x" }), { code: "WAREHOUSE_FAILED" });
    });
  });

  it("have names of one line, cut to what people read, that begin with whose they are", async () => {
    sent.length = 0;
    const database = open();
    await database.attempt(["SELECT 1"], { name: `load batch-1 a\n\tb ${"x".repeat(3000)}` });

    const [{ name } = { name: "" }] = sent;
    assert.match(name, /^log-router load batch-1 a b x+$/);
    assert.equal(name.length, 200);
  });

  it("run under a time-out and in UTC; their numbers are those that the caller gave", async () => {
    sent.length = 0;
    const database = open();
    const failed = await database.attempt(["SELECT 1", "SELECT 1/0"], { name: "x", timeoutSeconds: 7 });
    const done = await database.transaction(
      ["SELECT CAST('2026-01-01 00:00:00' AS TIMESTAMPTZ)", "SELECT 2"],
      { name: "x" },
    );

    assert.ok(failed.kind === "failed");
    assert.equal(failed.statement, 1);
    assert.deepEqual(sent[0]!.sqls.slice(0, 2), ["SET statement_timeout TO 7000", "SET timezone TO 'UTC'"]);
    assert.equal(sent[1]!.sqls[0], "SET statement_timeout TO 300000");
    assert.deepEqual(await done.rows(0), [["2026-01-01 00:00:00+00"]]);
    assert.deepEqual(await done.rows(1), [[2]]);
  });

  it("take rows in chunks that stay small, each row once, in order", () => {
    const row = fc.tuple(fc.integer(), fc.string({ maxLength: 9000 }).filter(isStorable));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 500, size: "max" }), (rows) => {
        const chunks = valueChunks(rows);

        for (const chunk of chunks) assert.ok(Buffer.byteLength(chunk) <= 60_000);
        const each = rows.map((one) => valueChunks([one])[0]);
        assert.equal(chunks.join(", "), each.join(", "));
      }),
      { numRuns: 20 },
    );
    assert.deepEqual(valueChunks([]), []);
  });

  it("take as many items at a time as their bytes allow, and what is larger alone", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 500 }), (items) => {
        const chunks = inSizedChunks(items, (item) => item, 50);

        assert.deepEqual(chunks.flat(), items);
        for (const [at, chunk] of chunks.entries()) {
          const bytes = chunk.reduce((sum, item) => sum + item, 0);
          assert.ok(chunk.length <= 200 && (bytes <= 50 || chunk.length === 1));
          const next = chunks[at + 1];
          if (next) assert.ok(bytes + next[0]! > 50 || chunk.length === 200, "closed too early");
        }
      }),
    );
  });

  it("look up as many keys at a time as a query may name", () => {
    assert.deepEqual(
      inChunks(Array.from({ length: 450 }, (_, n) => n)).map((chunk) => chunk.length),
      [200, 200, 50],
    );
    assert.deepEqual(inChunks([]), []);
  });
});

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}
