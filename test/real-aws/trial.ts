// One run of the suite in an account: names of its own, a prepared warehouse, and the removal of all that it made.
import { randomBytes } from "node:crypto";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import pino from "pino";
import { createS3ObjectStore } from "../../shared/adapters/aws/s3-object-store.ts";
import { configSchema } from "../../shared/config/schema.ts";
import type { LoadJob, LoadUnit } from "../../shared/ports/warehouse.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createRedshiftWarehouse } from "../../shared/warehouse/redshift/create-redshift-warehouse.ts";
import {
  createDataApi,
  type DataApi,
  type Row,
  type StatementOutcome,
} from "../../shared/warehouse/redshift/data-api.ts";
import { WarehouseBench } from "../contract/warehouse-harness.ts";
import { loadJob, loadPlan } from "../contract/warehouse-parts.ts";
import type { Account } from "./account.ts";
import { claimBucket, claimedBy, emptyBucket, TRIAL_PREFIX } from "./bucket.ts";
import { claimDatabase, dropSchemas } from "./database.ts";
import { deleteQueues } from "./queues.ts";

export interface Trial {
  readonly account: Account;
  /** Of this run; names of queues begin with it. */
  readonly name: string;
  /** Of event tables and of the suite's own. */
  readonly schema: string;
  readonly api: DataApi;
  readonly bench: WarehouseBench;
  /** `IAM_ROLE …`, for COPY. */
  readonly credentials: string;
  /** Puts an object below the suite's prefix; gives its URL. */
  readonly put: (name: string, body: string | Uint8Array) => Promise<string>;
  /** A manifest that names them; gives its URL. */
  readonly manifest: (name: string, urls: readonly string[]) => Promise<string>;
  /** One statement; throws unless it finished. */
  readonly run: (sql: string) => Promise<void>;
  /** One transaction; throws unless it finished. Gives the rows of its last statement, if that is a SELECT. */
  readonly transaction: (...sqls: readonly string[]) => Promise<readonly Row[]>;
  readonly attempt: (...sqls: readonly string[]) => Promise<StatementOutcome>;
  readonly rows: (sql: string) => Promise<readonly Row[]>;
  /** For units of tables that have the event types' names. */
  readonly job: (
    tables: Readonly<Record<string, readonly LoadUnit[]>>,
    mode?: "direct" | "staged",
  ) => Promise<LoadJob>;
  /** What was seen and is not decided: printed at the end. */
  readonly note: (what: string, seen: unknown) => void;
  readonly notes: readonly string[];
}

const NAME = "log-router test";

export async function openTrial(account: Account): Promise<Trial> {
  const { s3, bucket, iamRole } = account;
  const id = randomBytes(4).toString("hex");
  const [name, schema] = [`log-router-test-${id}`, `lr_test_${id}`];
  await claimBucket(account, name);
  const api = dataApi(account);
  await claimDatabase(api, schema).catch(async (error: unknown) => {
    await emptyBucket(account);
    throw error;
  });
  const warehouse = createRedshiftWarehouse({
    api,
    bucket,
    store: createS3ObjectStore(s3, { clock: systemClock }),
    config: configSchema.parse({
      loader: { slots: 4 },
      tables: { schema },
      redshift: { iam_role: iamRole },
    }),
    log: pino({ level: "silent" }),
    clock: systemClock,
  });
  await warehouse.prepare().catch(async (error: unknown) => {
    await removeTrial(account);
    throw error;
  });
  const put = async (key: string, body: string | Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: TRIAL_PREFIX + key, Body: body }));
    return `s3://${bucket}/${TRIAL_PREFIX}${key}`;
  };
  const bench = new WarehouseBench({
    warehouse,
    bucket,
    prefix: TRIAL_PREFIX,
    async put(key, bytes) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
    },
    async [Symbol.asyncDispose]() {},
  });
  const attempt = (...sqls: readonly string[]) => api.transaction(sqls, { name: NAME });
  const notes: string[] = [];
  let batches = 0;
  return {
    account,
    name,
    schema,
    api,
    bench,
    credentials: `IAM_ROLE ${iamRole === "default" ? "default" : `'${iamRole}'`}`,
    put,
    manifest: (file, urls) =>
      put(file, JSON.stringify({ entries: urls.map((url) => ({ url, mandatory: true })) })),
    async run(sql) {
      const outcome = await api.statement(sql, { name: NAME });
      if (outcome.kind === "failed") throw new Error(`${outcome.error}\n${sql}`);
    },
    async transaction(...sqls) {
      const outcome = await attempt(...sqls);
      if (outcome.kind === "failed") throw new Error(`${outcome.error}\n${sqls.join(";\n")}`);
      return sqls.at(-1)!.startsWith("SELECT") ? outcome.rows(sqls.length - 1) : [];
    },
    attempt,
    rows: (sql) => api.query(sql, { name: NAME }),
    async job(tables, mode = "direct") {
      const catalog = await warehouse.catalog();
      const planned = Object.entries(tables).map(([table, units]) => ({
        plan: loadPlan(catalog, table, mode),
        units,
      }));
      return loadJob(catalog, bucket, planned, `${name}-${++batches}`);
    },
    note: (what, seen) =>
      void notes.push(`${what}: ${typeof seen === "string" ? seen : JSON.stringify(seen)}`),
    notes,
  };
}

/** Removes all that the run which has claimed bucket and database made. Nothing of anybody else's; again changes nothing. */
export async function removeTrial(account: Account): Promise<void> {
  const run = await claimedBy(account);
  await dropSchemas(dataApi(account));
  if (run !== undefined) await deleteQueues(account, run);
  // The marker goes last: it says what else is to be removed.
  await emptyBucket(account);
}

function dataApi({ redshift, target, limiter }: Account): DataApi {
  return createDataApi(redshift, { target, limiter, clock: systemClock });
}
