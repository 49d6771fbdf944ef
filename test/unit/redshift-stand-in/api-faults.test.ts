// AWS.md 3 and 10, "API": the Data API's own rules, through the real client.
import assert from "node:assert/strict";
import {
  BatchExecuteStatementCommand,
  ExecuteStatementCommand,
  ListStatementsCommand,
  RedshiftDataClient,
  type ExecuteStatementCommandInput,
} from "@aws-sdk/client-redshift-data";
import { openStandIn, WORKGROUP, type StandInRig } from "../../helpers/stand-in.ts";

const LOGIN = { WorkgroupName: WORKGROUP, Database: "dev" };

describe("stand-in: the Data API, limits and faults", function () {
  this.timeout(30_000);
  let rig: StandInRig;
  /** Added to the time of day. */
  let later = 0;
  before(async () => {
    rig = await openStandIn({ now: () => Date.now() + later });
    await rig.ok("CREATE TABLE numbers (n BIGINT)");
    await rig.ok("CREATE TABLE thousand (n BIGINT)");
    await rig.ok(
      `INSERT INTO thousand VALUES ${Array.from({ length: 1200 }, (_, n) => `(${n})`).join(", ")}`,
    );
  });
  after(() => rig[Symbol.asyncDispose]());
  afterEach(() => {
    later = 0;
    rig.standIn.faults.clear();
  });

  const execute = (input: Partial<ExecuteStatementCommandInput>) =>
    rig.client.send(new ExecuteStatementCommand({ ...LOGIN, Sql: "SELECT 1", ...input }));
  const batch = (Sqls: string[], more: Record<string, unknown> = {}) =>
    rig.client.send(new BatchExecuteStatementCommand({ ...LOGIN, Sqls, ...more }));
  const named = (name: string, text: RegExp = /./) => ({ name, message: text });

  describe("limits", () => {
    it("refuses more calls a second than the account has, and the client tries again by itself", async () => {
      await using limited = await openStandIn({ rateLimits: true });
      const impatient = new RedshiftDataClient({
        endpoint: limited.standIn.endpoint,
        region: "eu-west-1",
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
        maxAttempts: 1,
      });
      const list = () => impatient.send(new ListStatementsCommand({}));

      const ended = await Promise.allSettled(Array.from({ length: 12 }, list));
      const refused = ended
        .filter((one) => one.status === "rejected")
        .map((one) => (one.reason as Error).name);
      impatient.destroy();

      assert.ok(refused.length >= 8, `${refused.length} refused`);
      assert.deepEqual(new Set(refused), new Set(["ThrottlingException"]));
      assert.equal((await limited.run("SELECT 1")).status, "FINISHED");
    });

    it("refuses the 501st active statement, which the client does not try again", async () => {
      await using full = await openStandIn({ rateLimits: false });
      full.standIn.faults.arm({ effect: "slow-picked", seconds: 3600, times: 500 });
      const submit = () => full.client.send(new ExecuteStatementCommand({ ...LOGIN, Sql: "SELECT 1" }));
      const sent = [];
      for (let n = 0; n < 10; n += 1) sent.push(...(await Promise.all(Array.from({ length: 50 }, submit))));

      await assert.rejects(submit(), named("ActiveStatementsExceededException"));
      assert.equal(full.standIn.calls.get("ExecuteStatement"), 501);
      full.standIn.faults.clear();
    });
  });

  describe("faults on demand", () => {
    it("loses an answer after the commit", async () => {
      rig.standIn.faults.arm({ effect: "lose-answer", operation: "BatchExecuteStatement", times: 3 });

      await assert.rejects(batch(["INSERT INTO numbers VALUES (31)"]));
      const found = await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 31");
      assert.deepEqual(found, [[1]]); // one token, sent three times, run once
    });

    it("reports ABORTED or FAILED after a commit", async () => {
      for (const [effect, status] of [
        ["aborted-after-commit", "ABORTED"],
        ["failed-after-commit", "FAILED"],
      ] as const) {
        rig.standIn.faults.arm({ effect });
        const ran = await rig.batch(["INSERT INTO numbers VALUES (32)"]);
        assert.equal(ran.status, status);
        assert.match(ran.error, /\[ErrorId: 1-/);
      }

      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 32"), [[2]]);
    });

    it("leaves a failure that is one as it is, and lies about the next commit", async () => {
      rig.standIn.faults.arm({ effect: "aborted-after-commit" });

      assert.match((await rig.run("SELECT 1/0")).error, /division/);
      assert.equal((await rig.run("SELECT 1")).status, "ABORTED");
    });

    it("throttles, refuses and answers HTML, and the client goes on where it can", async () => {
      const { faults } = rig.standIn;
      faults.arm({ effect: "throttle", times: 2 });
      assert.equal((await rig.run("SELECT 1")).status, "FINISHED");
      faults.arm({ effect: "internal-error", times: 2 });
      assert.equal((await rig.run("SELECT 1")).status, "FINISHED");
      faults.arm({ effect: "active-exceeded" });
      await assert.rejects(execute({}), named("ActiveStatementsExceededException"));
      faults.arm({ effect: "html-answer", times: 3 });
      await assert.rejects(execute({}));
    });

    it("are armed from outside by POST /_faults", async () => {
      const post = (body: unknown) =>
        fetch(`${rig.standIn.endpoint}/_faults`, { method: "POST", body: JSON.stringify(body) });
      await post({ effect: "active-exceeded", match: "only this" });

      assert.equal((await rig.run("SELECT 1")).status, "FINISHED");
      await assert.rejects(
        execute({ Sql: "SELECT 'only this'" }),
        named("ActiveStatementsExceededException"),
      );
      await post({ effect: "active-exceeded", times: 100 });
      await post("clear");
      assert.equal((await rig.run("SELECT 1")).status, "FINISHED");
      assert.equal((await post({ effect: "no such effect" })).status, 400);
      assert.equal((await post({ effect: "throttle", match: "(" })).status, 400);
    });
  });
});
