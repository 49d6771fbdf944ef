// Which adapters a call works with, from its options and configuration alone: nothing is opened here.
//
//   aws.routed_bucket   queues                     warehouse   what it is
//   not set             in the data folder         DuckDB      the embedded default; sources are files, or objects on s3://
//   set                 split_queue, load_queue    Redshift    workers beside others, told by S3
//   set                 neither: the data folder   Redshift    `run s3://… --once` and `backfill s3://…` by themselves
//
// Anything else is refused with the setting that is missing or too much.
import { join, resolve } from "node:path";
import type { Config } from "../../shared/config/schema.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { isRedshiftTarget, parseRedshiftTarget } from "../../shared/warehouse/redshift/target.ts";
import type { DataApiTarget } from "../../shared/warehouse/redshift/data-api.ts";
import type { ConfigOptions, DataOptions, QueueOption } from "../verb.ts";
import { dataFolder, type DataFolder } from "./data-folder.ts";

/** URLs of the SQS queues; all of those that the work needs are there. */
export interface SqsQueues {
  readonly split: string | undefined;
  readonly load: string | undefined;
  readonly backfill: string | undefined;
}

export interface AwsSetup {
  readonly kind: "aws";
  readonly routedBucket: string;
  readonly region: string | undefined;
  /** Undefined where only splitting is asked for, which needs none. */
  readonly warehouse: DataApiTarget | undefined;
  /** Undefined: queues of this process's own, in the data folder. */
  readonly queues: SqsQueues | undefined;
  readonly folder: Pick<DataFolder, "path" | "queues" | "scratch">;
}

export interface EmbeddedSetup {
  readonly kind: "embedded";
  readonly folder: DataFolder;
  readonly region: string | undefined;
}

export type Setup = AwsSetup | EmbeddedSetup;

/** What the verb does: `read` for all verbs that only look. */
export type Work = "run" | "split" | "load" | "backfill" | "read";

/** Options of one call, `--queue` put where it belongs: `--queue URL` is `--set aws.<queue of the work>=URL`. */
export function withQueueSetting<T extends ConfigOptions & QueueOption>(options: T, work: Work): T {
  if (options.queue === undefined) return options;
  const setting = work === "load" ? "load_queue" : work === "backfill" ? "backfill_queue" : "split_queue";
  return { ...options, set: [...options.set, `aws.${setting}=${options.queue}`] };
}

/** Throws CONFIG_INVALID or USAGE, naming the setting, for combinations that cannot work. */
export function decideSetup(cwd: string, options: DataOptions, config: Config, work: Work): Setup {
  const { routed_bucket: routedBucket, region } = config.aws;
  const named = options.warehouse ?? config.warehouse;
  if (routedBucket === undefined) {
    refuseAwsPieces(config, named);
    return { kind: "embedded", folder: dataFolder(cwd, { ...options, ...warehouseOption(named) }), region };
  }
  const path = resolve(cwd, options.data);
  return {
    kind: "aws",
    routedBucket,
    region,
    warehouse: awsWarehouse(named, config, work),
    queues: awsQueues(config, work),
    folder: { path, queues: join(path, "queue.sqlite"), scratch: join(path, "scratch") },
  };
}

function warehouseOption(named: string | undefined): Pick<DataOptions, "warehouse"> {
  return named === undefined ? {} : { warehouse: named };
}

function refuseAwsPieces({ aws }: Config, warehouse: string | undefined): void {
  if (warehouse !== undefined && isRedshiftTarget(warehouse)) {
    parseRedshiftTarget(warehouse);
    throw missing("aws.routed_bucket", "Redshift loads parts from a bucket: name it");
  }
  for (const name of ["split_queue", "load_queue", "backfill_queue"] as const) {
    if (aws[name] !== undefined)
      throw missing("aws.routed_bucket", `aws.${name} is set, so name the bucket that parts go to`);
  }
}

function awsWarehouse(named: string | undefined, config: Config, work: Work): DataApiTarget | undefined {
  if (work === "split") return undefined;
  if (named === undefined) {
    throw missing(
      "warehouse",
      "with aws.routed_bucket it is redshift:WORKGROUP/DATABASE or redshift-cluster:CLUSTER/DATABASE",
    );
  }
  if (!isRedshiftTarget(named)) {
    throw invalid(
      "warehouse",
      `${JSON.stringify(named)} cannot load from aws.routed_bucket, only Redshift can. For DuckDB leave aws.routed_bucket out: sources on s3:// then go through the data folder`,
    );
  }
  return parseRedshiftTarget(named, config.redshift);
}

/** Half of the queues would lose messages with the machine: receipts told to a folder that nobody else sees. */
function awsQueues({ aws }: Config, work: Work): SqsQueues | undefined {
  const { split_queue: split, load_queue: load, backfill_queue: backfill } = aws;
  if (work === "split" && split === undefined)
    throw missing("aws.split_queue", "a splitter receives from it (--queue URL)");
  if ((work === "split" || split !== undefined) && load === undefined && work !== "read")
    throw missing("aws.load_queue", "receipts that were there before are announced on it again");
  if (work === "load" && load === undefined)
    throw missing("aws.load_queue", "a loader receives from it (--queue URL)");
  if (work === "run" && split === undefined && load !== undefined)
    throw missing("aws.split_queue", "aws.load_queue is set, so S3 tells of new objects on queues");
  if (work === "backfill" && (split ?? load) !== undefined && backfill === undefined)
    throw missing("aws.backfill_queue", "running splitters receive from it (--queue URL)");
  return (split ?? load ?? backfill) === undefined ? undefined : { split, load, backfill };
}

function missing(setting: string, why: string): RouterError {
  return invalid(
    setting,
    `is not set; ${why}. In the file, as LOG_ROUTER_${setting.replaceAll(".", "_").toUpperCase()}, or with --set ${setting}=VALUE`,
  );
}

function invalid(setting: string, problem: string): RouterError {
  return new RouterError("CONFIG_INVALID", `${setting}: ${problem}.`, { details: { setting } });
}
