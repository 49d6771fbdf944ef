// The Redshift Data API stand-in for tests: one PostgreSQL server a run, a fresh database for each stand-in, COPY data in memory, and
// the real SDK client to talk to it. The server is stopped by root-hooks.ts.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
  type DescribeStatementResponse,
  type Field,
} from "@aws-sdk/client-redshift-data";
import type { S3Reader } from "../../localstack/redshift-data/copy/source-files.ts";
import { prepareDatabase } from "../../localstack/redshift-data/engine.ts";
import {
  startPostgres,
  type Isolation,
  type PostgresServer,
} from "../../localstack/redshift-data/postgres.ts";
import { startStandIn, type StandIn, type StandInOptions } from "../../localstack/redshift-data/server.ts";

let server: Promise<PostgresServer> | undefined;

/** The run's PostgreSQL server, started by whoever asks first. */
export function sharedPostgres(): Promise<PostgresServer> {
  server ??= startPostgres();
  return server;
}

export async function stopSharedPostgres(): Promise<void> {
  const started = server;
  server = undefined;
  await (await started)?.stop();
}

/** Objects by `bucket/key`. */
export class MemoryS3 implements S3Reader {
  readonly objects = new Map<string, Uint8Array>();

  put(url: string, body: string | Uint8Array): string {
    this.objects.set(url.replace(/^s3:\/\//, ""), Buffer.from(body as string));
    return url;
  }

  async get(bucket: string, key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(`${bucket}/${key}`);
  }

  async list(bucket: string, prefix: string): Promise<readonly string[]> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`${bucket}/${prefix}`));
    return keys.map((key) => key.slice(bucket.length + 1));
  }
}

export type Cell = string | number | boolean | null;

/** How a statement or batch ended, and the rows of each of its statements. */
export interface Ran {
  readonly id: string;
  readonly status: string;
  /** "" when all went well. */
  readonly error: string;
  readonly description: DescribeStatementResponse;
  /** By statement; empty for those without a result. */
  readonly results: readonly (readonly (readonly Cell[])[])[];
}

export interface StandInRig extends AsyncDisposable {
  readonly standIn: StandIn;
  readonly client: RedshiftDataClient;
  readonly s3: MemoryS3;
  readonly database: string;
  /** One statement to its end. */
  run(sql: string): Promise<Ran>;
  /** One batch to its end. */
  batch(sqls: readonly string[], mode?: "TRANSACTION" | "AUTO_COMMIT"): Promise<Ran>;
  /** Waits for a statement that was sent. */
  ended(id: string): Promise<Ran>;
  /** Rows of one SELECT; throws when it fails. */
  rows(sql: string): Promise<readonly (readonly Cell[])[]>;
  /** As `run` and `batch`, and throws unless it finished. */
  ok(...sqls: string[]): Promise<Ran>;
  /** Runs what must be refused and returns the error's text. */
  refused(sql: string): Promise<string>;
}

export const WORKGROUP = "test-workgroup";

export interface RigOptions extends Omit<StandInOptions, "postgres" | "database" | "s3"> {
  readonly isolation?: Isolation;
}

export async function openStandIn(options: RigOptions = {}): Promise<StandInRig> {
  const { isolation = "repeatable read", ...rest } = options;
  const postgres = await sharedPostgres();
  const database = `dev_${randomBytes(6).toString("hex")}`;
  await postgres.createDatabase(database, isolation);
  await prepareDatabase(postgres, database);
  const s3 = new MemoryS3();
  const standIn = await startStandIn({ postgres, database, s3, delayMs: 1, rateLimits: false, ...rest });
  const client = new RedshiftDataClient({
    endpoint: standIn.endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const target = { WorkgroupName: WORKGROUP, Database: "dev" };

  async function ended(id: string): Promise<Ran> {
    const description = await untilEnded(client, id);
    const parts = description.SubStatements ?? [];
    const withRows = parts.length > 0 ? parts : [{ Id: id, HasResultSet: description.HasResultSet }];
    const results = [];
    for (const part of withRows) results.push(part.HasResultSet ? await readRows(client, part.Id ?? id) : []);
    return {
      id,
      description,
      results,
      status: description.Status ?? "",
      error: description.Error ?? "",
    };
  }
  const run = async (sql: string) =>
    ended((await client.send(new ExecuteStatementCommand({ ...target, Sql: sql }))).Id ?? "");
  const batch = async (
    sqls: readonly string[],
    ExecutionMode: "TRANSACTION" | "AUTO_COMMIT" = "TRANSACTION",
  ) =>
    ended(
      (await client.send(new BatchExecuteStatementCommand({ ...target, Sqls: [...sqls], ExecutionMode })))
        .Id ?? "",
    );
  const ok = async (...sqls: string[]) => {
    const ran = sqls.length === 1 ? await run(sqls[0]!) : await batch(sqls);
    if (ran.status !== "FINISHED") throw new Error(`${ran.status}: ${ran.error}\n${sqls.join("\n")}`);
    return ran;
  };
  return {
    standIn,
    client,
    s3,
    database,
    run,
    batch,
    ended,
    ok,
    rows: async (sql) => (await ok(sql)).results[0] ?? [],
    async refused(sql) {
      const ran = await run(sql);
      if (ran.status !== "FAILED") throw new Error(`${ran.status}, and should have failed: ${sql}`);
      return ran.error;
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await standIn.stop();
    },
  };
}

async function untilEnded(client: RedshiftDataClient, id: string): Promise<DescribeStatementResponse> {
  for (;;) {
    const state = await client.send(new DescribeStatementCommand({ Id: id, WaitTimeSeconds: 20 }));
    if (["FINISHED", "FAILED", "ABORTED"].includes(state.Status ?? "")) return state;
    await sleep(5); // a status outside the list is answered at once
  }
}

async function readRows(client: RedshiftDataClient, id: string): Promise<readonly (readonly Cell[])[]> {
  const rows: Cell[][] = [];
  let token: string | undefined;
  do {
    const page = await client.send(new GetStatementResultCommand({ Id: id, NextToken: token }));
    for (const record of page.Records ?? []) rows.push(record.map(valueOf));
    token = page.NextToken;
  } while (token !== undefined);
  return rows;
}

function valueOf(field: Field): Cell {
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null;
}
