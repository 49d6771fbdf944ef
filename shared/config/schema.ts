// The configuration file: one schema gives types, defaults, every problem at once, and docs/configuration.md.
// Data keeps its snake_case names in code, so that a word in the file, in a message and in the code is the same word.
import { z } from "zod";
import { BUCKET_PATTERN, COLUMN_TYPE_PATTERN, QUEUE_URL_PATTERN } from "./patterns.ts";

const positive = z.int().min(1);
const keyPath = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .describe("A dot in a text goes down one level; a list of keys takes any key as it is");
const eventTypePaths = z
  .union([z.string().min(1), z.array(keyPath).min(1)])
  .describe("Where a line says its event type: one path or several, the first match wins");

export const sourceRuleSchema = z.strictObject({
  match: z
    .string()
    .min(1)
    .describe("Glob on the object's key; one without a leading / matches at any folder"),
  format: z
    .enum(["ndjson", "concatenated", "records", "text"])
    .default("ndjson")
    .describe(
      "ndjson: one JSON object a line. concatenated: objects that follow one another, with or without line ends. records: one object with an array of records. text: lines cut by `pattern`",
    ),
  records: z.string().min(1).default("Records").describe("format records: the member with the array"),
  pattern: z
    .string()
    .min(1)
    .optional()
    .describe(
      "format text: combined, s3_access, alb, cloudfront, or a regular expression with named groups (named in `patterns`)",
    ),
  event_type: eventTypePaths.optional().describe("Overrides the top-level event_type for these sources"),
  constant_event_type: z
    .string()
    .min(1)
    .optional()
    .describe("Every line of these sources has this event type"),
  on_corrupt: z
    .enum(["fail", "salvage"])
    .optional()
    .describe("Overrides the top-level on_corrupt for these sources"),
  on_overwrite: z
    .enum(["replace", "append", "ignore"])
    .optional()
    .describe("Overrides the top-level on_overwrite for these sources"),
});

export const routeSchema = z.strictObject({
  match: z.string().min(1).describe("Event type: exact name, or a glob with * and ?"),
  table: z.string().min(1).optional().describe("Table for these event types instead of their own"),
  drop: z.literal(true).optional().describe("Count the lines and write them nowhere"),
  quarantine: z.literal(true).optional().describe("Put the lines into quarantine, with the reason `by_rule`"),
  catch_all: z
    .literal(true)
    .optional()
    .describe("Rare types together in the catch-all table, payload kept whole"),
});

const perPath = <T extends z.ZodType>(value: T) =>
  z.record(z.string().min(1), z.record(z.string().min(1), value));
const pathLists = z.record(z.string().min(1), z.array(keyPath).min(1));

export const splitterSchema = z.strictObject({
  threads: positive
    .optional()
    .describe("Threads: one reads and collects, the others scan; 1 does both. Default: the available cores"),
  concurrent_sources: positive
    .default(2)
    .describe(
      "Source objects worked on at the same time, of a megabyte and more as stored; up to 32 small ones in the place of each",
    ),
  memory_bytes: positive
    .default(24 * 1024 * 1024)
    .describe("Raw lines held in memory before the largest type is compressed to scratch"),
  scratch_bytes: positive
    .default(4 * 1024 * 1024 * 1024)
    .describe("Disk for compressed frames before the largest part is closed"),
  part_bytes: positive.default(32 * 1024 * 1024).describe("Compressed size at which a part is closed"),
  own_part_bytes: z
    .int()
    .min(0)
    .default(1024 * 1024)
    .describe(
      "Uncompressed bytes of an event type in a source from which on it gets parts of its own; smaller ones share parts, up to 50 of them one part. 0: none share",
    ),
  compression: z.enum(["zstd", "gzip"]).default("zstd").describe("How parts are compressed"),
  compression_level: z
    .int()
    .min(1)
    .max(19)
    .default(1)
    .describe("Higher is smaller and slower; gzip takes what is over 9 as 9"),
  frames: z
    .enum(["multiple", "single"])
    .default("multiple")
    .describe("single: one compression frame a part, for readers that stop after the first"),
  max_types_per_source: positive
    .default(5000)
    .describe("The first so many event types of a source are kept apart, later ones go to _lr_other"),
  keys_per_depth: z
    .array(z.int().min(0))
    .min(1)
    .default([4000, 500, 250, 120, 120, 60, 30, 16])
    .describe(
      "An object at depth d with more distinct keys than the d-th number is kept whole; 0 beyond the last",
    ),
  max_receives: positive.default(5).describe("Deliveries before a message goes to the dead letters"),
  visibility_seconds: positive
    .default(60)
    .describe("A message whose worker died is delivered again after this long; work in hand extends it"),
});

export const loaderSchema = z.strictObject({
  batch_age_seconds: z
    .number()
    .min(0)
    .default(10)
    .describe("A batch closes when its oldest unit is this old"),
  batch_bytes: positive.default(256 * 1024 * 1024).describe("Compressed bytes at which a batch closes"),
  batch_parts: positive.default(1000).describe("Parts at which a batch closes"),
  max_commits_per_minute: positive
    .default(60)
    .describe("Transactions the loader starts in a minute at the most; batches grow older when more is due"),
  concurrent_loads: positive.default(2).describe("Transactions at the same time"),
  concurrent_messages: positive.default(1000).describe("Receipts held at the same time"),
  hold_seconds: positive
    .default(600)
    .describe("A receipt's message is deleted after this long, the units left over going to `pending`"),
  retry_seconds: positive
    .default(60)
    .describe("First pause before a pending unit is tried again; doubles up to an hour"),
  idle_look_seconds: positive
    .default(3600)
    .describe(
      "Longest pause between looks into `pending` while nothing comes; each is a query, and wakes a Redshift Serverless workgroup. Units that are due are tried on time; what a loader that died had put there is found by others after this at the latest",
    ),
  lock_wait_seconds: positive
    .default(60)
    .describe("How long a warehouse held by another process is waited for"),
  slots: positive.default(8).describe("Lock slots, fixed when the schema is created"),
  max_receives: positive.default(10).describe("Deliveries before a message goes to the dead letters"),
  visibility_seconds: positive
    .default(120)
    .describe("A message whose worker died is delivered again after this long; work in hand extends it"),
});

export const tablesSchema = z.strictObject({
  schema: z.string().min(1).default("events").describe("Schema of the event tables"),
  max_event_types: positive
    .default(1000)
    .describe("Beyond, new event types go to the catch-all table, with a warning"),
  catch_all_table: z
    .string()
    .min(1)
    .default("other_events")
    .describe("Table of the event types that have none of their own: lines kept whole in one JSON column"),
  max_columns: z
    .int()
    .min(10)
    .max(1600)
    .default(1000)
    .describe(
      "Columns of a table at the most; paths beyond go to their parent kept whole, or to _lr_rescued",
    ),
  rewrite_rows: z
    .int()
    .min(0)
    .default(1_000_000)
    .describe("A table with fewer rows is young: an integer column may be rewritten to double"),
  grant_select_to: z
    .array(z.string().min(1))
    .default([])
    .describe("Roles that get USAGE and SELECT (Redshift; DuckDB has no roles)"),
  event_time: z
    .record(z.string().min(1), keyPath)
    .default({})
    .describe("Event type (or glob) → path of its time, the sort key"),
});

export const redshiftSchema = z.strictObject({
  iam_role: z
    .string()
    .min(1)
    .default("default")
    .describe(
      "Role that COPY reads the routed bucket with: an ARN, several chained with commas, or `default`",
    ),
  db_user: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Provisioned clusters: database user of the temporary credentials. Default: the IAM identity's own user",
    ),
  secret_arn: z.string().min(1).optional().describe("Secrets Manager secret with user name and password"),
  bucket_region: z
    .string()
    .min(1)
    .optional()
    .describe("Region of the routed bucket, where it is not the warehouse's"),
  rate_share: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("Part of the account's Data API calls a second that this process may use"),
  load_timeout_seconds: positive
    .default(1800)
    .describe("Longest time of one statement of a load, waiting for its slots included"),
  table_wait_seconds: positive
    .default(10)
    .describe("How long a load or a change waits for a table that somebody has locked before it gives way"),
  schema_wait_seconds: positive
    .default(60)
    .describe(
      "How long a change of a locked table is tried again; then the batch is loaded into the columns that are there",
    ),
  dist_style: z.enum(["auto", "even", "all"]).default("auto").describe("DISTSTYLE of new event tables"),
  dist_key: z
    .record(z.string().min(1), keyPath)
    .default({})
    .describe("Event type (or glob) → path of the distribution key of its table, when the table is created"),
  string_encoding: z
    .enum(["zstd", "lzo", "raw"])
    .default("zstd")
    .describe("ENCODE of string columns; other encodings cannot be widened"),
});

const queueUrl = z.string().regex(QUEUE_URL_PATTERN).optional();

export const awsSchema = z.strictObject({
  routed_bucket: z
    .string()
    .regex(BUCKET_PATTERN)
    .optional()
    .describe(
      "Bucket of parts, receipts and quarantine. Set: the router works on S3. Not set: in the data folder (`--data`)",
    ),
  split_queue: queueUrl.describe(
    "URL of the SQS queue that is told of new source objects; the option `--queue` of `run` and `splitter`",
  ),
  load_queue: queueUrl.describe(
    "URL of the SQS queue that is told of new objects under `receipts/` of the routed bucket; the option `--queue` of `loader`",
  ),
  backfill_queue: queueUrl.describe(
    "URL of the SQS queue of old source objects, which splitters work on when nothing live waits",
  ),
  receive_wait_seconds: z
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe(
      "How long one receive waits for messages. Longer is fewer requests while nothing comes; a worker that is stopped waits for it",
    ),
  silence_seconds: positive
    .default(60)
    .describe(
      "Longest silence on a connection to AWS before it is given up and the request sent again; longer than receive_wait_seconds",
    ),
  region: z
    .string()
    .min(1)
    .optional()
    .describe("AWS region. Default: as the SDK finds it (AWS_REGION, the profile)"),
  metrics: z
    .enum(["emf", "summary"])
    .default("emf")
    .describe(
      "Metrics of workers on SQS queues. emf: CloudWatch's embedded metric format on stdout, every minute. summary: one log line at the end",
    ),
  metrics_namespace: z.string().min(1).default("LogRouter").describe("CloudWatch namespace of the metrics"),
});

export const configSchema = z
  .strictObject({
    event_type: eventTypePaths.default(["event", "event_type", "eventName", "type"]),
    sources: z.array(sourceRuleSchema).default([]).describe("The first whose match fits a key holds for it"),
    patterns: z
      .record(z.string().min(1), z.string().min(1))
      .default({})
      .describe("Named regular expressions for format text"),
    routes: z
      .array(routeSchema)
      .default([])
      .describe("The first whose match fits an event type holds for it"),
    types: perPath(z.string().regex(COLUMN_TYPE_PATTERN))
      .default({})
      .describe("Event type (or glob) → path → pinned column type"),
    exclude: pathLists.default({}).describe("Event type (or glob) → paths that are not loaded at all"),
    hash: pathLists.default({}).describe("Event type (or glob) → paths loaded as SHA-256 of their value"),
    on_corrupt: z
      .enum(["fail", "salvage"])
      .default("fail")
      .describe(
        "A source whose compression breaks off. fail: load nothing of it. salvage: load the whole lines before the break",
      ),
    on_overwrite: z
      .enum(["replace", "append", "ignore"])
      .default("replace")
      .describe(
        "A source object that is written again with other bytes. replace: its rows take the place of the old ones. append: both stay. ignore: the new bytes are not loaded",
      ),
    settle_seconds: z
      .number()
      .min(0)
      .default(2)
      .describe("A watched file is left alone until unchanged for this long"),
    splitter: splitterSchema.prefault({}).describe("The worker that cuts sources into parts"),
    loader: loaderSchema.prefault({}).describe("The worker that loads parts into tables"),
    tables: tablesSchema.prefault({}).describe("What the tables look like"),
    warehouse: z
      .string()
      .min(1)
      .optional()
      .describe(
        "duckdb:FILE, redshift:WORKGROUP/DATABASE (Serverless) or redshift-cluster:CLUSTER/DATABASE; the option `--warehouse`. Default: DuckDB in the data folder",
      ),
    aws: awsSchema.prefault({}).describe("S3 and SQS"),
    redshift: redshiftSchema.prefault({}).describe("The warehouse on Redshift, through the Data API"),
    shutdown_grace_seconds: positive
      .default(25)
      .describe("How long work in hand may go on after a stop signal"),
  })
  .meta({ id: "Config" });

export type Config = z.infer<typeof configSchema>;
export type SourceRule = z.infer<typeof sourceRuleSchema>;
export type Route = z.infer<typeof routeSchema>;
export type SplitterConfig = z.infer<typeof splitterSchema>;
export type LoaderConfig = z.infer<typeof loaderSchema>;
export type TablesConfig = z.infer<typeof tablesSchema>;
export type AwsConfig = z.infer<typeof awsSchema>;
export type RedshiftConfig = z.infer<typeof redshiftSchema>;

/** The configuration that an empty file gives. */
export function defaultConfig(): Config {
  return configSchema.parse({});
}
