// AWS.md 3 and 10, "API": the Data API's own rules, through the real client.
import assert from "node:assert/strict";
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ListStatementsCommand,
  paginateListStatements,
  type ExecuteStatementCommandInput,
} from "@aws-sdk/client-redshift-data";
import { openStandIn, WORKGROUP, type StandInRig } from "../../helpers/stand-in.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const LOGIN = { WorkgroupName: WORKGROUP, Database: "dev" };
/** Runs until it is stopped. */
const ENDLESS = "SELECT COUNT(*) FROM thousand a, thousand b, thousand c, thousand d";
const HOUR = 3600 * 1000;

describe("stand-in: the Data API", function () {
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
  const describeId = (Id: string | undefined) => rig.client.send(new DescribeStatementCommand({ Id }));
  const until = (status: string, id: string | undefined) =>
    waitFor(status, async () => (await describeId(id)).Status === status);
  const named = (name: string, text: RegExp = /./) => ({ name, message: text });

  describe("a statement's life", () => {
    it("goes from SUBMITTED to FINISHED and gives epoch times, rows and column types", async () => {
      const sent = await execute({
        Sql: "SELECT 1::BIGINT AS a, 'x' AS b, 1.5::DECIMAL(9,2) AS c, true AS d, NULL AS e, 2.5::FLOAT8 AS f, DATE '2026-01-02' AS g",
        StatementName: "one",
      });
      assert.equal(sent.Status, "SUBMITTED");
      assert.ok(Math.abs(sent.CreatedAt!.getTime() - Date.now()) < 60_000);

      const { description } = await rig.ended(sent.Id!);
      const result = await rig.client.send(new GetStatementResultCommand({ Id: sent.Id }));

      assert.equal(description.Status, "FINISHED");
      assert.equal(description.HasResultSet, true);
      assert.equal(description.ResultRows, 1);
      assert.ok((description.Duration ?? 0) >= 0 && (description.RedshiftPid ?? 0) > 0);
      assert.ok(Math.abs(description.UpdatedAt!.getTime() - Date.now()) < 60_000);
      assert.deepEqual(
        result.ColumnMetadata?.map((column) => [column.name, column.typeName]),
        [
          ["a", "int8"],
          ["b", "varchar"],
          ["c", "numeric"],
          ["d", "bool"],
          ["e", "varchar"],
          ["f", "float8"],
          ["g", "date"],
        ],
      );
      assert.deepEqual(result.Records, [
        [
          { longValue: 1 },
          { stringValue: "x" },
          { stringValue: "1.50" },
          { booleanValue: true },
          { isNull: true },
          { doubleValue: 2.5 },
          { stringValue: "2026-01-02" },
        ],
      ]);
    });

    it("answers an SQL error as FAILED, never as an exception, with an error id at the end", async () => {
      const ran = await rig.run("SELECT nothing FROM nowhere");

      assert.equal(ran.status, "FAILED");
      assert.match(ran.error, /^ERROR: relation "nowhere" does not exist \[ErrorId: 1-[0-9a-f-]+\]$/);
    });

    it("says UNKNOWN, a status outside the list, now and then", async () => {
      rig.standIn.faults.arm({ effect: "unknown-status", seconds: 0.2 });
      const { Id } = await execute({ Sql: "SELECT 1" });

      const seen = new Set<string>();
      for (;;) {
        const status = (await describeId(Id)).Status as string;
        seen.add(status);
        if (status === "FINISHED") break;
      }
      assert.ok(seen.has("UNKNOWN"), [...seen].join());
    });

    it("waits up to WaitTimeSeconds, and answers with what there is at the deadline", async () => {
      rig.standIn.faults.arm({ effect: "slow-picked", seconds: 1.2 });
      const sent = await execute({ Sql: "SELECT 1", WaitTimeSeconds: 1 });
      assert.equal(sent.Status, "SUBMITTED");
      await assert.rejects(
        rig.client.send(new GetStatementResultCommand({ Id: sent.Id })),
        named("ResourceNotFoundException", /does not have result/),
      );

      const state = await rig.client.send(new DescribeStatementCommand({ Id: sent.Id, WaitTimeSeconds: 30 }));
      assert.equal(state.Status, "FINISHED");
    });

    it("answers a submission that waits with its end", async () => {
      const sent = await batch(["SELECT 1"], { WaitTimeSeconds: 30 });

      assert.equal(sent.Status, "FINISHED");
      assert.equal(sent.HasResultSet, true);
      assert.ok((sent.RedshiftPid ?? 0) > 0);
    });

    it("lets ten requests wait for one statement", async () => {
      rig.standIn.faults.arm({ effect: "slow-picked", seconds: 0.5 });
      const { Id } = await execute({});

      const polls = Array.from({ length: 14 }, () =>
        rig.client.send(new DescribeStatementCommand({ Id, WaitTimeSeconds: 5 })),
      );
      const ended = await Promise.allSettled(polls);

      const refused = ended
        .filter((one) => one.status === "rejected")
        .map((one) => (one.reason as Error).name);
      assert.deepEqual(new Set(refused), new Set(["ActiveWaitingRequestsExceededException"]));
      assert.equal(refused.length, 4);
    });

    it("forgets statements after 24 hours", async () => {
      const { id } = await rig.run("SELECT 1");
      later = 24 * HOUR + 1;

      await assert.rejects(describeId(id), named("ResourceNotFoundException", /does not exist/));
    });

    it("cancels what runs and what waits for a lock: ABORTED, rolled back", async () => {
      const holder = await batch(["LOCK TABLE numbers", ENDLESS]);
      await until("STARTED", holder.Id);
      const waiting = await batch(["INSERT INTO numbers VALUES (99)"]);
      await until("STARTED", waiting.Id);

      for (const Id of [waiting.Id, holder.Id]) {
        const answer = await rig.client.send(new CancelStatementCommand({ Id }));
        const ran = await rig.ended(Id!);

        assert.equal(answer.Status, true);
        assert.equal(ran.status, "ABORTED");
        assert.match(ran.error, /cancelled on user's request \[ErrorId: 1-/);
      }
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 99"), [[0]]);
    });

    it("cancels what has not begun", async () => {
      rig.standIn.faults.arm({ effect: "slow-picked", seconds: 3600 });
      const { Id } = await batch(["INSERT INTO numbers VALUES (99)"]);
      await rig.client.send(new CancelStatementCommand({ Id }));

      const ran = await rig.ended(Id!);
      assert.equal(ran.status, "ABORTED");
      assert.ok(ran.description.SubStatements?.every((part) => part.Status === "ABORTED"));
    });

    it("refuses to cancel what has ended, and a part of a batch", async () => {
      const { id } = await rig.batch(["SELECT 1"]);

      await assert.rejects(
        rig.client.send(new CancelStatementCommand({ Id: id })),
        named("ValidationException", /already/),
      );
      await assert.rejects(
        rig.client.send(new CancelStatementCommand({ Id: `${id}:1` })),
        named("ValidationException"),
      );
    });
  });

  describe("client tokens", () => {
    it("answer a request sent again with the first one's statement, which does not run again", async () => {
      const input = { Sql: "INSERT INTO numbers VALUES (7)", ClientToken: "token-1" };
      const first = await execute(input);
      await rig.ended(first.Id!);

      const second = await execute(input);

      assert.equal(second.Id, first.Id);
      assert.equal(second.Status, "FINISHED");
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 7"), [[1]]);
    });

    it("replay a failure too, although it would go well by now", async () => {
      const input = { Sql: "INSERT INTO made_later VALUES (1)", ClientToken: "token-2" };
      const first = await execute(input);
      assert.equal((await rig.ended(first.Id!)).status, "FAILED");
      await rig.ok("CREATE TABLE made_later (n BIGINT)");

      const second = await rig.ended((await execute(input)).Id!);

      assert.equal(second.id, first.Id);
      assert.equal(second.status, "FAILED");
    });

    it("are remembered for 8 hours and forgotten then", async () => {
      const input = { Sql: "INSERT INTO numbers VALUES (8)", ClientToken: "token-3" };
      const first = await execute(input);
      await rig.ended(first.Id!);

      later = 8 * HOUR - 1000;
      assert.equal((await execute(input)).Id, first.Id);
      later = 8 * HOUR + 1000;
      const again = await execute(input);
      await rig.ended(again.Id!);

      assert.notEqual(again.Id, first.Id);
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 8"), [[2]]);
    });

    it("are one for the client's own tries of a command, and another for each send", async () => {
      rig.standIn.faults.arm({ effect: "lose-answer", operation: "ExecuteStatement" });
      const command = new ExecuteStatementCommand({ ...LOGIN, Sql: "INSERT INTO numbers VALUES (9)" });
      const first = await rig.client.send(command);
      await rig.ended(first.Id!);
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 9"), [[1]]);

      const second = await rig.client.send(command);
      await rig.ended(second.Id!);
      assert.notEqual(second.Id, first.Id);
    });
  });

  it("lists statements by the beginning of their names, finished ones only unless asked, in pages", async () => {
    for (let n = 0; n < 5; n += 1) await rig.ended((await execute({ StatementName: `list-${n}` })).Id!);
    await rig.ended((await execute({ StatementName: "list-failed", Sql: "SELECT 1/0" })).Id!);

    const names: string[] = [];
    for await (const page of paginateListStatements(
      { client: rig.client, pageSize: 2 },
      { StatementName: "list-" },
    ))
      names.push(...(page.Statements ?? []).map((one) => one.StatementName ?? ""));
    const all = await rig.client.send(new ListStatementsCommand({ StatementName: "list-", Status: "ALL" }));

    assert.deepEqual(names.toSorted(), ["list-0", "list-1", "list-2", "list-3", "list-4"]);
    assert.equal(all.Statements?.length, 6);
  });

  it("is slow as the service is: nothing has ended when the submission is answered", async () => {
    await using slow = await openStandIn({ delayMs: 50 });
    const sent = await slow.client.send(new ExecuteStatementCommand({ ...LOGIN, Sql: "SELECT 1" }));

    assert.equal(sent.Status, "SUBMITTED");
    assert.equal(sent.HasResultSet, false);
    assert.equal((await slow.ended(sent.Id!)).status, "FINISHED");
  });
});
