// Both workers of the product on an emulator and the Redshift stand-in, with a fault proxy in front of each service: what the suites of
// faults put their rows through, and where the end state is read, beside the proxies.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { GetQueueAttributesCommand, type QueueAttributeName } from "@aws-sdk/client-sqs";
import pg from "pg";
import { auditSchema } from "../../../cli/reports/audit.ts";
import { sourceId } from "../../../shared/contracts/keys.ts";
import {
  openAwsRig,
  peekBodies,
  type AwsRig,
  type QueuePair,
  type RunningVerb,
} from "../../helpers/aws-rig.ts";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { startFaultProxy, type FaultProxy } from "../../helpers/fault-proxy.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { Deliveries } from "./deliveries.ts";

/** A source object of the rig's source bucket, known before it is there. */
export interface LabSource {
  readonly key: string;
  readonly id: string;
  readonly body: Buffer;
}

export interface FaultLab extends AsyncDisposable {
  readonly rig: AwsRig;
  /** In front of the servers; the names are those of the services. */
  readonly s3: FaultProxy;
  readonly sqs: FaultProxy;
  readonly data: FaultProxy;
  /** What the workers have received. */
  readonly deliveries: Deliveries;
  /** Settings of a worker whose requests pass the proxies. */
  readonly env: Readonly<Record<string, string>>;
  /** Starts a worker behind the proxies; it is stopped with the lab at the latest. */
  start(verb: "splitter" | "loader", more?: Readonly<Record<string, string>>): RunningVerb;
  /** As SIGTERM to all workers; they have to end well. */
  stop(): Promise<void>;
  source(key: string, body: string | Buffer): LabSource;
  put(source: LabSource): Promise<void>;
  /** Rows of one SELECT on the warehouse's own PostgreSQL. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** A session of its own there, for locks. */
  session(): Promise<pg.Client>;
  /** Waits for it in the ledger; a worker that has ended meanwhile is a failure. */
  loaded(source: LabSource): Promise<void>;
  /** State of a source in the ledger; "" while it has no row. */
  state(id: string): Promise<string>;
  /** Rows that the tables have of a source, each as text, in order, without what differs from run to run. A row that is there twice comes twice. */
  rows(id: string): Promise<readonly string[]>;
  /** Messages in a queue, seen or not. */
  depth(url: string): Promise<number>;
  /** Messages in a queue that anybody may have now. */
  visible(url: string): Promise<number>;
  /** Waits until both queues are empty. */
  quiet(): Promise<void>;
  /** Nothing is left anywhere: queues, dead letters and `pending` are empty; the audit, which counts the tables, balances. */
  assertAllLoaded(): Promise<void>;
}

/** Quick enough for tests, and slow enough that a busy machine is not taken for a fault. */
const QUICK = {
  LOG_ROUTER_AWS_SILENCE_SECONDS: "4",
  LOG_ROUTER_SHUTDOWN_GRACE_SECONDS: "2",
  LOG_ROUTER_SPLITTER_VISIBILITY_SECONDS: "8",
  LOG_ROUTER_LOADER_VISIBILITY_SECONDS: "8",
  LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "0",
  // More requests that can fail: with several parts a source, one of them may be there and another not.
  LOG_ROUTER_SPLITTER_OWN_PART_BYTES: "0",
};

const PATIENCE_MS = 100_000;
/** Each look is work for the servers. */
const POLL_MS = 100;

/** `more`: settings of all its workers. */
export async function openFaultLab(
  name: EmulatorName,
  more: Readonly<Record<string, string>> = {},
): Promise<FaultLab> {
  await using stack = new AsyncDisposableStack();
  const rig = stack.use(await openAwsRig(name));
  const { endpoint } = rig.running.emulator;
  const deliveries = new Deliveries();
  const s3 = stack.use(await startFaultProxy(endpoint));
  const sqs = stack.use(await startFaultProxy(endpoint, { onAnswer: deliveries.onAnswer }));
  const data = stack.use(await startFaultProxy(rig.standIn.endpoint));
  const pool = new pg.Pool({ ...rig.connection, max: 2 });
  pool.on("error", () => undefined); // an idle connection that the server ends
  stack.defer(() => pool.end());
  const held = stack.move();

  const query: FaultLab["query"] = async (sql, values = []) => (await pool.query(sql, [...values])).rows;
  const counted = async (url: string, ...names: QueueAttributeName[]): Promise<number> => {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: names });
    const { Attributes = {} } = await rig.running.sqs.send(command);
    return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
  };
  const visible = (url: string) => counted(url, "ApproximateNumberOfMessages");
  const depth = (url: string) =>
    counted(
      url,
      "ApproximateNumberOfMessages",
      "ApproximateNumberOfMessagesNotVisible",
      "ApproximateNumberOfMessagesDelayed",
    );
  const { split, load } = rig.queues;
  const workers = new Map<RunningVerb, string>();
  const env = {
    ...rig.env,
    ...QUICK,
    ...more,
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_ENDPOINT_URL_SQS: sqs.endpoint,
    AWS_ENDPOINT_URL_REDSHIFT_DATA: data.endpoint,
  };
  const state = async (id: string): Promise<string> => {
    const sql = "SELECT state FROM log_router.sources WHERE source_id = $1 ORDER BY generation DESC";
    const rows = await query(sql, [id]).catch(() => []); // no ledger yet
    const found = rows[0]?.["state"];
    return typeof found === "string" ? found : "";
  };
  const stop = async (): Promise<void> => {
    const ends = await Promise.all([...workers.keys()].map((worker) => worker.stop()));
    workers.clear();
    for (const { code, stderr } of ends) assert.equal(code, 0, stderr.slice(-2000));
  };

  return {
    start(verb, own = {}) {
      const worker = rig.start([verb], { ...env, ...own });
      workers.set(worker, verb);
      return worker;
    },
    stop,
    state,
    async loaded({ id, key }) {
      try {
        await waitFor(
          `${key} to be loaded`,
          async () => (await state(id)) === "loaded",
          PATIENCE_MS,
          POLL_MS,
        );
      } catch (cause) {
        const told = [...workers].map(([{ output }, verb]) => `${verb}: ${output.stderr.slice(-3000)}`);
        throw new Error(`${key} (${id}) is not loaded\n${told.join("\n")}`, { cause });
      }
    },
    rig,
    s3,
    sqs,
    data,
    deliveries,
    query,
    depth,
    visible,
    env,
    source(key, text) {
      const body = Buffer.from(text as string);
      const etag = createHash("md5").update(body).digest("hex");
      return { key, id: sourceId(rig.sources, key, etag), body };
    },
    put: ({ key, body }) => rig.put(key, body),
    async session() {
      const client = new pg.Client(rig.connection);
      await client.connect();
      return client;
    },
    rows: (id) => rowsOf(query, id),
    quiet: () =>
      waitFor(
        "empty queues",
        async () => (await depth(split.url)) + (await depth(load.url)) === 0,
        PATIENCE_MS,
        POLL_MS,
      ).then(() => undefined),
    async assertAllLoaded() {
      for (const queue of Object.values<QueuePair>(rig.queues)) {
        for (const url of [queue.url, queue.deadUrl])
          if ((await depth(url)) > 0) assert.deepEqual(await peekBodies(rig.running, url), [], url);
      }
      // Rows of `pending` go behind the last row of their source.
      const pending = async () => (await query("SELECT 1 FROM log_router.pending")).length;
      await waitFor("nothing pending", async () => (await pending()) === 0, PATIENCE_MS, POLL_MS);
      const { code, json } = await rig.report(auditSchema.loose(), ["audit", "--tables"]);
      assert.equal(code, 0, JSON.stringify(json));
    },
    async [Symbol.asyncDispose]() {
      try {
        await stop();
      } finally {
        await held.disposeAsync();
      }
    },
  };
}

async function rowsOf(query: FaultLab["query"], id: string): Promise<readonly string[]> {
  const tables = await query("SELECT DISTINCT table_name FROM log_router.tables WHERE event_type <> ''");
  const found: { line: number; text: string }[] = [];
  for (const { table_name: table } of tables) {
    const name = pg.escapeIdentifier(String(table));
    const sql = `SELECT _lr_line AS line, (to_jsonb(t) - '_lr_source' - '_lr_loaded_at')::text AS text
      FROM events.${name} t WHERE _lr_source = $1`;
    for (const { line, text } of await query(sql, [id]))
      found.push({ line: Number(line), text: `${String(table)}: ${String(text)}` });
  }
  return found.toSorted((a, b) => a.line - b.line || (a.text < b.text ? -1 : 1)).map(({ text }) => text);
}
