// AWS.md 3 and 10, "API": the Data API's own rules, through the real client.
import assert from "node:assert/strict";
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  ListStatementsCommand,
  paginateGetStatementResult,
  paginateListStatements,
  RedshiftDataClient,
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

  describe("batches", () => {
    it("number their statements from 1, each with its own rows", async () => {
      const ran = await rig.batch(["SELECT 10", "DELETE FROM numbers WHERE n = -1", "SELECT 30"]);

      assert.deepEqual(
        ran.description.SubStatements?.map((part) => [part.Id, part.Status, part.HasResultSet]),
        [
          [`${ran.id}:1`, "FINISHED", true],
          [`${ran.id}:2`, "FINISHED", false],
          [`${ran.id}:3`, "FINISHED", true],
        ],
      );
      assert.deepEqual(ran.results, [[[10]], [], [[30]]]);
      assert.equal(ran.description.HasResultSet, true);
      assert.equal(ran.description.RedshiftQueryId, 0);
      const part = await describeId(`${ran.id}:3`);
      assert.equal(part.Id, `${ran.id}:3`);
      assert.equal(part.QueryString, "SELECT 30");
      await assert.rejects(describeId(`${ran.id}:4`), named("ResourceNotFoundException"));
      await assert.rejects(
        rig.client.send(new GetStatementResultCommand({ Id: ran.id })),
        named("ValidationException"),
      );
      await assert.rejects(
        rig.client.send(new GetStatementResultCommand({ Id: `${ran.id}:2` })),
        named("ResourceNotFoundException"),
      );
    });

    it("are one transaction: a failure undoes what came before it", async () => {
      const ran = await rig.batch(["INSERT INTO numbers VALUES (20)", "SELECT 1/0", "SELECT 1"]);

      assert.equal(ran.status, "FAILED");
      assert.match(ran.error, /division by zero/);
      const parts = ran.description.SubStatements ?? [];
      assert.deepEqual(
        parts.slice(0, 2).map((part) => part.Status),
        ["FINISHED", "FAILED"],
      );
      assert.match(parts[1]?.Error ?? "", /division by zero .*\[ErrorId: 1-/);
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 20"), [[0]]);
    });

    it("sometimes list what was not run as ABORTED and sometimes do not list it", async () => {
      const lengths = new Set<number>();
      for (let turn = 0; turn < 64 && lengths.size < 2; turn += 1) {
        const ran = await rig.batch(["SELECT 1/0", "SELECT 1"]);
        const parts = ran.description.SubStatements ?? [];
        if (parts.length === 2) assert.equal(parts[1]?.Status, "ABORTED");
        lengths.add(parts.length);
      }

      assert.deepEqual([...lengths].sort(), [1, 2]);
    });

    it("commit each statement by itself under AUTO_COMMIT, and go on after a failure", async () => {
      const ran = await rig.batch(
        ["INSERT INTO numbers VALUES (21)", "SELECT 1/0", "INSERT INTO numbers VALUES (22)"],
        "AUTO_COMMIT",
      );

      assert.equal(ran.status, "FAILED");
      assert.deepEqual(await rig.rows("SELECT n FROM numbers WHERE n IN (21, 22) ORDER BY n"), [[21], [22]]);
    });

    it("take 40 statements and not 41, and not none", async () => {
      assert.equal((await rig.batch(Array.from({ length: 40 }, () => "SELECT 1"))).status, "FINISHED");

      await assert.rejects(
        batch(Array.from({ length: 41 }, () => "SELECT 1")),
        named("ValidationException", /40/),
      );
      await assert.rejects(batch([]), named("ValidationException"));
      await assert.rejects(batch([" "]), named("ValidationException"));
    });

    it("take 100 KB of text, over all statements", async () => {
      const of = (bytes: number) => `SELECT 1 --${"ü".repeat((bytes - 11) / 2)}x`.slice(0, bytes);
      const half = of(51_201);
      assert.equal(Buffer.byteLength(half) <= 51_202, true);

      assert.equal((await rig.batch([of(51_001), of(51_001)])).status, "FINISHED");
      await assert.rejects(batch([of(51_401), of(51_401)]), named("ValidationException", /100 KB/));
      await assert.rejects(execute({ Sql: of(102_601) }), named("ValidationException"));
    });

    it("are one statement an entry", async () => {
      assert.match((await rig.batch(["SELECT 1; SELECT 2"])).error, /multiple commands/);
    });

    it("keep temporary tables and settings for the one call", async () => {
      await rig.ok("CREATE TEMP TABLE own (n BIGINT)", "INSERT INTO own VALUES (1)", "SELECT n FROM own");

      assert.match(await rig.refused("SELECT n FROM own"), /does not exist/);
    });

    it("let one of them time out by statement_timeout", async () => {
      const ran = await rig.batch(["SET statement_timeout TO 50", ENDLESS]);

      assert.equal(ran.status, "FAILED");
      assert.match(ran.error, /statement timeout/);
    });
  });

  describe("results", () => {
    it("come in pages, every row once", async () => {
      const { id } = await rig.run("SELECT n FROM thousand ORDER BY n");

      const pages: number[][] = [];
      for await (const page of paginateGetStatementResult(
        { client: rig.client, stopOnSameToken: true },
        { Id: id },
      )) {
        assert.equal(page.TotalNumRows, 1200);
        pages.push((page.Records ?? []).map((record) => record[0]!.longValue!));
      }

      assert.ok(pages.length > 1);
      assert.deepEqual(
        pages.flat(),
        Array.from({ length: 1200 }, (_, n) => n),
      );
    });

    it("come in no order unless one is asked for", async () => {
      const first = await rig.rows("SELECT n FROM thousand");
      const second = await rig.rows("SELECT n FROM thousand");

      assert.equal(first.length, 1200);
      assert.notDeepEqual(first, second);
    });

    it("have at most 64 KB a row", async () => {
      assert.equal((await rig.rows(`SELECT REPEAT('x', 65000)`)).length, 1);
      assert.match(await rig.refused(`SELECT REPEAT('x', 40000), REPEAT('y', 40000)`), /too large/);
    });

    it("give DECIMAL, times and SUPER as text", async () => {
      await rig.ok("CREATE TABLE kinds (s SUPER, t TIMESTAMPTZ, d DECIMAL(38,10))");
      await rig.ok(
        `INSERT INTO kinds SELECT JSON_PARSE('{"a":1}'), '2026-01-02 03:04:05.678901+02', 12345678901234567890.0123456789`,
      );

      const rows = await rig.rows("SELECT JSON_SERIALIZE(s), t, d FROM kinds");
      assert.equal(typeof rows[0]![0], "string");
      assert.deepEqual(rows[0]!.slice(1), [
        "2026-01-02 01:04:05.678901+00",
        "12345678901234567890.0123456789",
      ]);
    });
  });

  describe("parameters", () => {
    it("are values, shared by a batch, any text at all", async () => {
      const { Id } = await batch(["SELECT :one::BIGINT + 1", "SELECT :two, ':one' /* :one */"], {
        Parameters: [
          { name: "one", value: "41" },
          { name: "two", value: "it's \\ :one" },
        ],
      });

      assert.deepEqual((await rig.ended(Id!)).results, [[[42]], [["it's \\ :one", ":one"]]]);
    });

    it("are each used at least once", async () => {
      await assert.rejects(
        batch(["SELECT :one"], {
          Parameters: [
            { name: "one", value: "1" },
            { name: "two", value: "2" },
          ],
        }),
        named("ValidationException", /two/),
      );
    });

    it("are never empty, and never NULL", async () => {
      await assert.rejects(
        execute({ Sql: "SELECT :one", Parameters: [{ name: "one", value: "" }] }),
        named("ValidationException"),
      );
      const { Id } = await execute({ Sql: "SELECT :one", Parameters: [{ name: "one", value: "null" }] });
      assert.deepEqual((await rig.ended(Id!)).results, [[["null"]]]);
    });

    it("are no names of tables or columns", async () => {
      const { Id } = await execute({
        Sql: "SELECT * FROM :table",
        Parameters: [{ name: "table", value: "numbers" }],
      });

      assert.equal((await rig.ended(Id!)).status, "FAILED");
    });
  });

  describe("requests", () => {
    for (const [what, input] of [
      ["neither cluster nor workgroup", { WorkgroupName: undefined }],
      ["both cluster and workgroup", { ClusterIdentifier: "c" }],
      ["no database", { Database: undefined }],
      ["a token of 65 characters", { ClientToken: "x".repeat(65) }],
      ["a statement name of 2,049 characters", { StatementName: "x".repeat(2049) }],
      ["WaitTimeSeconds 0", { WaitTimeSeconds: 0 }],
      ["WaitTimeSeconds 31", { WaitTimeSeconds: 31 }],
      ["a lone surrogate", { Sql: "SELECT '\ud800'" }],
      ["a session", { SessionId: "s" }],
    ] as const)
      it(`are refused with ${what}`, async () => {
        await assert.rejects(execute(input), named("ValidationException"));
      });

    it("are refused with an id that is none, or unknown", async () => {
      await assert.rejects(describeId("no-id"), named("ValidationException"));
      await assert.rejects(
        describeId("00000000-0000-0000-0000-000000000000"),
        named("ResourceNotFoundException"),
      );
    });

    it("are refused when the service has no such operation", async () => {
      const answer = await fetch(rig.standIn.endpoint, {
        method: "POST",
        headers: { "x-amz-target": "RedshiftData.Fly", "content-type": "application/x-amz-json-1.1" },
        body: "{}",
      });

      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /"__type":"UnknownOperationException"/);
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

  it("is slow as the service is: nothing has ended when the submission is answered", async () => {
    await using slow = await openStandIn({ delayMs: 50 });
    const sent = await slow.client.send(new ExecuteStatementCommand({ ...LOGIN, Sql: "SELECT 1" }));

    assert.equal(sent.Status, "SUBMITTED");
    assert.equal(sent.HasResultSet, false);
    assert.equal((await slow.ended(sent.Id!)).status, "FINISHED");
  });
});
