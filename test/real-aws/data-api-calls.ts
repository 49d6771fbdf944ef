// What the Data API itself promises: client tokens, long polls, states of statements, sizes of batches.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  type DescribeStatementResponse,
} from "@aws-sdk/client-redshift-data";
import type { OfTrial } from "./suite.ts";

const LONG_POLL_SECONDS = 20;

export function dataApiCalls(trial: OfTrial): void {
  describe("the Data API", () => {
    let table: string;

    before(async () => {
      table = `${trial().schema}.calls`;
      await trial().run(`CREATE TABLE ${table} (n BIGINT)`);
    });

    const login = () => {
      const { workgroup, cluster, database, dbUser, secretArn } = trial().account.target;
      return {
        Database: database,
        WorkgroupName: workgroup,
        ClusterIdentifier: cluster,
        DbUser: dbUser,
        SecretArn: secretArn,
      };
    };
    const execute = async (Sql: string, ClientToken: string) => {
      const { redshift } = trial().account;
      return (await redshift.send(new ExecuteStatementCommand({ ...login(), Sql, ClientToken }))).Id ?? "";
    };
    async function ended(Id: string): Promise<DescribeStatementResponse> {
      for (;;) {
        const command = new DescribeStatementCommand({ Id, WaitTimeSeconds: LONG_POLL_SECONDS });
        const state = await trial().account.redshift.send(command);
        if (["FINISHED", "FAILED", "ABORTED"].includes(state.Status ?? "")) return state;
      }
    }

    it("runs a statement once that is sent twice with one token", async () => {
      const token = randomUUID();
      const sql = `INSERT INTO ${table} (n) VALUES (1)`;
      const ids = [await execute(sql, token), await execute(sql, token)];
      assert.equal((await ended(ids[0]!)).Status, "FINISHED");
      ids.push(await execute(sql, token));
      assert.equal(new Set(ids).size, 1);
      const [row] = await trial().rows(`SELECT COUNT(*) FROM ${table} WHERE n = 1`);
      assert.equal(Number(row?.[0]), 1);
    });

    it("takes a new token for a new attempt at what has failed; what an old one gives is noted", async () => {
      const token = randomUUID();
      const insert = (from: string) => `INSERT INTO ${table} (n) SELECT 2 / n FROM ${from}`;
      const failing = insert(`(SELECT COUNT(*) AS n FROM ${table} WHERE n = 77)`);
      const id = await execute(failing, token);
      assert.equal((await ended(id)).Status, "FAILED");
      const again = await execute(failing, token).catch((error: Error) => error.name);
      const other = await execute(`INSERT INTO ${table} (n) VALUES (3)`, token).catch(
        (error: Error) => error.name,
      );
      const said = (answer: string) => (answer === id ? "the failed statement again" : answer);
      trial().note("the token of a failed statement gives", said(again));
      trial().note("the same token with another statement gives", said(other));
      await trial().run(`INSERT INTO ${table} (n) VALUES (4)`);
      const [row] = await trial().rows(`SELECT COUNT(*) FROM ${table} WHERE n = 4`);
      assert.equal(Number(row?.[0]), 1);
    });

    it("answers a long poll when the statement has ended, and not at its deadline", async () => {
      // Warm: the workgroup is awake by now.
      const id = await execute(`SELECT COUNT(*) FROM ${table}`, randomUUID());
      const started = performance.now();
      const command = new DescribeStatementCommand({ Id: id, WaitTimeSeconds: LONG_POLL_SECONDS });
      const state = await trial().account.redshift.send(command);
      const seconds = (performance.now() - started) / 1000;
      assert.equal(state.Status, "FINISHED");
      assert.ok(seconds < LONG_POLL_SECONDS - 1, `${seconds} s`);
      trial().note("a long poll for a small query took, in seconds", seconds.toFixed(2));
    });

    it("rolls back a batch whose third statement fails, and says which it was", async () => {
      const outcome = await trial().attempt(
        `INSERT INTO ${table} (n) VALUES (5)`,
        `SELECT COUNT(*) FROM ${table}`,
        `SELECT 1 / (CASE WHEN COUNT(*) = 0 THEN 1 ELSE 0 END) FROM ${table}`,
        `INSERT INTO ${table} (n) VALUES (6)`,
      );
      assert.equal(outcome.kind, "failed");
      if (outcome.kind === "failed") {
        assert.deepEqual([outcome.statement, outcome.aborted], [2, false]);
        const state = await ended(outcome.id);
        const parts = (state.SubStatements ?? []).map(({ Status }) => Status);
        trial().note("states of the statements of a failed batch", parts);
      }
      const [row] = await trial().rows(`SELECT COUNT(*) FROM ${table} WHERE n IN (5, 6)`);
      assert.equal(Number(row?.[0]), 0);
    });

    it("takes a batch of 40 statements and 100,000 bytes, as the loader sends at the most", async () => {
      const head = `INSERT INTO ${table} (n) VALUES (7)`;
      const comment = (bytes: number) => ` /* ${"c".repeat(bytes - 7)} */`;
      const each = Math.floor(100_000 / 40);
      const sqls = Array.from({ length: 40 }, () => head + comment(each - head.length));
      assert.equal(
        sqls.reduce((sum, sql) => sum + sql.length, 0),
        100_000,
      );
      await trial().transaction(...sqls);
      const [row] = await trial().rows(`SELECT COUNT(*) FROM ${table} WHERE n = 7`);
      assert.equal(Number(row?.[0]), 40);
    });

    it("gives a session's process id, by which the errors of a load are found", async () => {
      const { redshift } = trial().account;
      const { Id = "" } = await redshift.send(
        new BatchExecuteStatementCommand({ ...login(), Sqls: ["SELECT 1", "SELECT 2"] }),
      );
      const state = await ended(Id);
      assert.ok((state.RedshiftPid ?? 0) > 0);
      assert.deepEqual(
        state.SubStatements?.map(({ Id: part }) => part),
        [`${Id}:1`, `${Id}:2`],
      );
    });
  });
}
