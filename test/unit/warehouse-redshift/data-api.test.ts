// The door to the Data API, against the stand-in by HTTP: what is sent again and with which token, how the end is waited for, what is cancelled.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import type { Clock } from "../../../shared/ports/clock.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import {
  createDataApi,
  type DataApi,
  type DataApiOptions,
} from "../../../shared/warehouse/redshift/data-api.ts";
import {
  jsonRefusal,
  startFaultProxy,
  type FaultProxy,
  type ProxiedRequest,
} from "../../helpers/fault-proxy.ts";
import { openStandIn, WORKGROUP, type StandInRig } from "../../helpers/stand-in.ts";
import { waitFor } from "../../helpers/wait-for.ts";

/** Sleeps take no time, and move the clock on. */
function leapingClock(): Clock {
  let now = 0;
  return {
    now: () => new Date(now),
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += ms;
      await turn();
    },
  };
}

const RUN = { name: "log-router test" };
/** Runs until it is stopped. */
const ENDLESS = "SELECT COUNT(*) FROM thousand a, thousand b, thousand c, thousand d";
const EXECUTE = "ExecuteStatement";

describe("Data API", function () {
  this.timeout(30_000);
  let rig: StandInRig;
  let proxy: FaultProxy;
  let client: RedshiftDataClient;
  /** Sends nothing again by itself. */
  let plain: RedshiftDataClient;
  before(async () => {
    rig = await openStandIn();
    proxy = await startFaultProxy(rig.standIn.endpoint);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const common = { endpoint: proxy.endpoint, region: "eu-west-1", credentials };
    client = new RedshiftDataClient({ ...common, maxAttempts: 2 });
    plain = new RedshiftDataClient({ ...common, maxAttempts: 1 });
    await rig.ok("CREATE TABLE numbers (n BIGINT)");
    await rig.ok("CREATE TABLE thousand (n BIGINT)");
    const values = Array.from({ length: 1200 }, (_, n) => `(${n})`).join(", ");
    await rig.ok(`INSERT INTO thousand VALUES ${values}`);
  });
  after(async () => {
    client.destroy();
    plain.destroy();
    await proxy[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
  });
  afterEach(() => {
    proxy.clear();
    rig.standIn.faults.clear();
  });

  const open = (options: Partial<DataApiOptions> = {}, sender = client): DataApi =>
    createDataApi(sender, {
      target: { workgroup: WORKGROUP, database: "dev" },
      limiter: (_, call) => call(),
      clock: systemClock,
      ...options,
    });
  const operation = (name: string) => (request: ProxiedRequest) => request.operation === name;
  const bodyOf = (request: ProxiedRequest): Record<string, unknown> => JSON.parse(request.body.toString());
  /** Bodies of what is sent meanwhile. */
  async function sent(name: string, work: () => Promise<unknown>) {
    const from = proxy.requests.length;
    await work();
    return proxy.requests.slice(from).filter(operation(name)).map(bodyOf);
  }

  describe("tokens", () => {
    it("one attempt is sent with one token however often, and runs once; the next one has another", async () => {
      const api = open({ clock: leapingClock() });
      const insert = () => api.statement("INSERT INTO numbers VALUES (1)", RUN);
      // More than the SDK sends again by itself.
      proxy.arm({ effect: { kind: "lose-answer" }, match: operation(EXECUTE), times: 3 });

      const first = await sent(EXECUTE, insert);
      const second = await sent(EXECUTE, insert);

      assert.equal(first.length, 4);
      const tokens = [first, second].map((all) => new Set(all.map(({ ClientToken }) => ClientToken)));
      assert.deepEqual(
        tokens.map(({ size }) => size),
        [1, 1],
      );
      assert.notDeepEqual(tokens[0], tokens[1]);
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers"), [[2]]);
    });

    it("an answer without a statement id is no answer: sent again, run once", async () => {
      const api = open({ clock: leapingClock() });
      const empty = { status: 200, headers: { "content-type": "application/x-amz-json-1.1" } };
      proxy.arm({
        effect: { kind: "change-answer", change: () => ({ ...empty, body: Buffer.from("{}") }) },
        match: operation("BatchExecuteStatement"),
      });

      const ended = await api.transaction(["INSERT INTO numbers VALUES (2)", "SELECT 7"], RUN);

      assert.deepEqual(ended.kind === "finished" && (await ended.rows(1)), [[7]]);
      assert.deepEqual(await rig.rows("SELECT COUNT(*) FROM numbers WHERE n = 2"), [[1]]);
    });

    it("gives up a request that is never answered as unavailable, whose outcome is unknown", async () => {
      proxy.arm({ effect: { kind: "lose-request" }, match: operation(EXECUTE), times: 100 });

      await assert.rejects(open({ clock: leapingClock() }).statement("SELECT 1", RUN), {
        code: "WAREHOUSE_UNAVAILABLE",
        retryable: true,
      });
    });
  });

  describe("too many active statements", () => {
    it("are waited out, longer than any other refusal", async () => {
      rig.standIn.faults.arm({ effect: "active-exceeded", operation: EXECUTE, times: 12 });

      const ended = await open({ clock: leapingClock() }).statement("SELECT 1", RUN);

      assert.equal(ended.kind, "finished");
    });

    it("are waited for as long as it says, and then told as unavailable", async () => {
      rig.standIn.faults.arm({ effect: "active-exceeded", operation: EXECUTE, times: 1000 });
      const clock = leapingClock();

      await assert.rejects(open({ clock, activeWaitSeconds: 60 }).statement("SELECT 1", RUN), {
        code: "WAREHOUSE_UNAVAILABLE",
        message: /too many statements are active/,
      });

      const waited = clock.now().getTime() / 1000;
      assert.ok(waited >= 60 && waited <= 66, `${waited} s`);
    });
  });

  describe("waiting for the end", () => {
    it("is one long poll", async () => {
      rig.standIn.faults.arm({ effect: "slow-picked", seconds: 0.5 });

      const polls = await sent("DescribeStatement", () => open().statement("SELECT 1", RUN));

      assert.deepEqual(
        polls.map(({ WaitTimeSeconds }) => WaitTimeSeconds),
        [20],
      );
    });

    it("falls back to short polls with pauses where long ones are refused", async () => {
      rig.standIn.faults.arm({ effect: "slow-picked", seconds: 1 });
      proxy.arm({
        effect: jsonRefusal(400, "ValidationException"),
        match: (request) => request.operation === "DescribeStatement" && "WaitTimeSeconds" in bodyOf(request),
        times: 100,
      });

      const polls = await sent("DescribeStatement", async () =>
        assert.equal((await open().statement("SELECT 1", RUN)).kind, "finished"),
      );

      assert.deepEqual(
        polls.map(({ WaitTimeSeconds }) => WaitTimeSeconds !== undefined),
        [true, ...Array<boolean>(polls.length - 1).fill(false)],
      );
      assert.ok(polls.length > 2 && polls.length < 15, `${polls.length} polls in a second`);
    });

    it("goes on through refusals of the question, because the statement runs on", async () => {
      const clock = leapingClock();
      proxy.arm({
        effect: jsonRefusal(400, "ThrottlingException"),
        match: operation("DescribeStatement"),
        times: 20,
      });

      assert.equal((await open({ clock }, plain).statement("SELECT 1", RUN)).kind, "finished");
    });
  });

  describe("cancelling", () => {
    it("ends a statement at its time-out, and no long poll is longer than that", async () => {
      let ended: Awaited<ReturnType<DataApi["statement"]>> | undefined;
      const from = performance.now();

      const polls = await sent(
        "DescribeStatement",
        async () => (ended = await open().statement(ENDLESS, { ...RUN, timeoutSeconds: 1 })),
      );

      assert.ok(ended?.kind === "failed" && ended.aborted, JSON.stringify(ended));
      assert.match(ended.error, /cancelled on user's request/);
      assert.equal(polls[0]!["WaitTimeSeconds"], 1);
      assert.ok(performance.now() - from < 10_000);
    });

    for (const [what, refusal] of [
      ["while it is waited for", undefined],
      ["in a pause between two questions", jsonRefusal(400, "ThrottlingException")],
    ] as const)
      it(`ends a statement whose caller was stopped ${what}`, async () => {
        const stop = new AbortController();
        const from = proxy.requests.length;
        if (refusal) proxy.arm({ effect: refusal, match: operation("DescribeStatement"), times: 100 });
        const running = open({}, plain).statement(ENDLESS, { ...RUN, signal: stop.signal });
        const failed = assert.rejects(running, { code: "ABORTED" });
        const questions = () => proxy.requests.slice(from).filter(operation("DescribeStatement")).length;
        // Each pause is longer than the one before.
        await waitFor("the question", () => questions() >= (refusal ? 3 : 1));

        stop.abort();
        await failed;

        proxy.clear();
        const [cancel] = proxy.requests.slice(from).filter(operation("CancelStatement"));
        assert.equal((await rig.ended(String(bodyOf(cancel!)["Id"]))).status, "ABORTED");
      });
  });

  describe("requests", () => {
    it("say who, where and what for", async () => {
      const name = "log-router load batch-7 orders";
      for (const [target, login] of [
        [
          { workgroup: "w-1", database: "d" },
          { WorkgroupName: "w-1", Database: "d" },
        ],
        [
          { cluster: "c", database: "d", dbUser: "u" },
          { ClusterIdentifier: "c", Database: "d", DbUser: "u" },
        ],
        [
          { cluster: "c", database: "d", secretArn: "arn:s" },
          { ClusterIdentifier: "c", Database: "d", SecretArn: "arn:s" },
        ],
      ] as const) {
        const api = open({ target });
        const one = await sent(EXECUTE, () => api.statement("SELECT 1", { name }));
        const many = await sent("BatchExecuteStatement", () => api.transaction(["SELECT 1"], { name }));
        for (const { ClientToken: _, Sql: __, Sqls: ___, ...rest } of [...one, ...many])
          assert.deepEqual(rest, { ...login, StatementName: name });
      }
    });

    it("that the API would refuse or cut are not sent", async () => {
      const journal: string[] = [];
      const api = open({ journal: (name) => void journal.push(name) });
      const wide = `SELECT '${"x".repeat(60_000)}'`;
      const from = proxy.requests.length;

      for (const sqls of [[], Array<string>(41).fill("SELECT 1"), [wide, wide]])
        await assert.rejects(api.transaction(sqls, RUN), { code: "INTERNAL" });
      await assert.rejects(api.statement(wide + wide, RUN), { code: "INTERNAL" });

      assert.equal(proxy.requests.length, from);
      assert.deepEqual(journal, []);
    });
  });

  describe("results", () => {
    it("are read to their last page, each statement's by itself", async () => {
      const ended = await open().transaction(["SELECT 1", "SELECT n FROM thousand ORDER BY n"], RUN);

      assert.ok(ended.kind === "finished");
      assert.deepEqual(await ended.rows(0), [[1]]);
      assert.deepEqual(
        (await ended.rows(1)).map(([n]) => n),
        Array.from({ length: 1200 }, (_, n) => n),
      );
    });

    it("take as many turns of the limiter as they have pages", async () => {
      const turns: string[] = [];
      const limiter: DataApiOptions["limiter"] = (kind, call) => (turns.push(kind), call());
      const ended = await open({ limiter }).transaction(["SELECT 1", "SELECT n FROM thousand"], RUN);
      assert.ok(ended.kind === "finished");

      const requests = await sent("GetStatementResult", async () => {
        for (const statement of [0, 1]) await ended.rows(statement);
      });

      assert.ok(requests.length > 2);
      assert.equal(turns.filter((kind) => kind === "result").length, requests.length);
    });

    it("of a failure say which statement it was, and are thrown by query", async () => {
      const failed = await open().transaction(["SELECT 1", "SELECT 1/0", "SELECT 2"], RUN);
      assert.ok(failed.kind === "failed");
      assert.deepEqual([failed.statement, failed.aborted], [1, false]);

      await assert.rejects(open().query("SELECT * FROM nowhere", RUN), {
        code: "WAREHOUSE_FAILED",
        message: /log-router test on redshift:.*nowhere/,
      });
    });
  });
});
