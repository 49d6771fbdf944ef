// AWS.md 3 and 10, "API": the Data API's own rules, through the real client.
import assert from "node:assert/strict";
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  paginateGetStatementResult,
  type ExecuteStatementCommandInput,
} from "@aws-sdk/client-redshift-data";
import { openStandIn, WORKGROUP, type StandInRig } from "../../helpers/stand-in.ts";

const LOGIN = { WorkgroupName: WORKGROUP, Database: "dev" };
/** Runs until it is stopped. */
const ENDLESS = "SELECT COUNT(*) FROM thousand a, thousand b, thousand c, thousand d";

describe("stand-in: the Data API, batches, results and requests", function () {
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
  const named = (name: string, text: RegExp = /./) => ({ name, message: text });

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

      assert.deepEqual(
        [...lengths].toSorted((a, b) => a - b),
        [1, 2],
      );
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
});
