// The Redshift Data API stand-in for tests: with a warehouse on it: a database of its own for each, parts and lists in memory.
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import type pg from "pg";
import pino from "pino";
import type { Isolation } from "../../localstack/redshift-data/postgres.ts";
import { prepareDatabase } from "../../localstack/redshift-data/engine.ts";
import { startStandIn, type StandIn } from "../../localstack/redshift-data/server.ts";
import { MemoryObjectStore } from "../../shared/adapters/memory/memory-object-store.ts";
import { configSchema, type Config } from "../../shared/config/schema.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createRedshiftWarehouse } from "../../shared/warehouse/redshift/create-redshift-warehouse.ts";
import { createSqlJournal } from "../../shared/warehouse/redshift/sql-journal.ts";
import { createDataApi, type DataApi } from "../../shared/warehouse/redshift/data-api.ts";

import { sharedPostgres } from "./stand-in.ts";

export const ROUTED = "routed";
const ROLE = "arn:aws:iam::123456789012:role/log-router";

let databases = 0;
/** Everything that the tests send, for other judges of Redshift's grammar: SQL_LOG=FILE. */
const sqlLog = process.env["SQL_LOG"] ? createSqlJournal(process.env["SQL_LOG"]) : undefined;

export interface RedshiftBench extends AsyncDisposable {
  readonly standIn: StandIn;
  readonly store: MemoryObjectStore;
  readonly api: DataApi;
  /** Every request's statements so far. */
  readonly journal: { readonly name: string; readonly sqls: readonly string[] }[];
  /** For a session beside the warehouse's, on PostgreSQL itself: somebody who holds a lock. */
  readonly connection: pg.ClientConfig;
  /** A warehouse as one more process would have it. */
  open(config?: Config): Warehouse;
}

export interface RedshiftBenchOptions {
  readonly isolation?: Isolation;
  readonly config?: Config;
}

const DEFAULTS = configSchema.parse({ redshift: { iam_role: ROLE } });

/** The stand-in's own configuration: a role that COPY takes. */
export function redshiftConfig(raw: Record<string, unknown> = {}): Config {
  const { redshift, ...rest } = raw as { redshift?: object };
  return configSchema.parse({ ...rest, redshift: { iam_role: ROLE, ...redshift } });
}

export async function startRedshift(options: RedshiftBenchOptions = {}): Promise<RedshiftBench> {
  const postgres = await sharedPostgres();
  const database = `test_${process.pid}_${++databases}`;
  await postgres.createDatabase(database, options.isolation ?? "repeatable read");
  await prepareDatabase(postgres, database);
  const store = new MemoryObjectStore();
  const s3 = {
    async get(bucket: string, key: string) {
      const info = await store.head({ bucket, key });
      return info ? store.getBytes({ bucket, key }) : undefined;
    },
    async list(bucket: string, prefix: string) {
      return (await Array.fromAsync(store.list(bucket, prefix))).map(({ key }) => key);
    },
  };
  const standIn = await startStandIn({ postgres, database, s3, delayMs: 1, rateLimits: false });
  const client = new RedshiftDataClient({
    endpoint: standIn.endpoint,
    region: "eu-central-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 3,
  });
  const journal: RedshiftBench["journal"] = [];
  const api = createDataApi(client, {
    target: { workgroup: "log-router", database: "dev" },
    limiter: (_, call) => call(),
    clock: systemClock,
    journal(name, sqls) {
      journal.push({ name, sqls });
      sqlLog?.(name, sqls);
    },
  });
  return {
    standIn,
    store,
    api,
    journal,
    connection: postgres.connection(database),
    open: (config = options.config ?? DEFAULTS) =>
      createRedshiftWarehouse({
        api,
        store,
        bucket: ROUTED,
        config,
        log: pino({ level: "silent" }),
        clock: systemClock,
      }),
    async [Symbol.asyncDispose]() {
      client.destroy();
      await standIn.stop();
    },
  };
}
