// The warehouse on Redshift from the configuration.
import type { Logger } from "pino";
import type { AwsClients } from "../../shared/adapters/aws/aws-clients.ts";
import type { Config } from "../../shared/config/schema.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { Warehouse } from "../../shared/ports/warehouse.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { createRedshiftWarehouse } from "../../shared/warehouse/redshift/create-redshift-warehouse.ts";
import { createDataApi, type DataApiTarget } from "../../shared/warehouse/redshift/data-api.ts";
import { createSqlJournal } from "../../shared/warehouse/redshift/sql-journal.ts";
import { createLimiter } from "../../shared/warehouse/redshift/data-api-limits.ts";

export interface RedshiftOptions {
  readonly client: ReturnType<AwsClients["redshiftData"]>;
  readonly target: DataApiTarget;
  readonly store: ObjectStore;
  readonly routedBucket: string;
  readonly config: Config;
  readonly log: Logger;
  /** True for verbs that read. */
  readonly onlyReads: boolean;
  /** File that gets every statement sent, one JSON line a call. */
  readonly sqlLog?: string | undefined;
}

/** The Data API takes up to 30; shorter polls notice a dead connection sooner. */
const LONGEST_POLL_SECONDS = 20;

/** One limiter for the process, `redshift.rate_share` of the account's Data API calls. Nothing is sent yet. */
export function openRedshift(options: RedshiftOptions): Warehouse {
  const { client, target, store, routedBucket: bucket, config, log, onlyReads } = options;
  const limiter = createLimiter(config.redshift.rate_share);
  const journal = options.sqlLog ? { journal: createSqlJournal(options.sqlLog) } : {};
  const waitSeconds = longPollSeconds(config.aws.silence_seconds);
  const api = createDataApi(client, { target, limiter, clock: systemClock, waitSeconds, ...journal });
  return createRedshiftWarehouse({ api, store, bucket, config, log, onlyReads, clock: systemClock });
}

/** A long poll is silent until it ends: well before the connection would be given up. */
function longPollSeconds(silenceSeconds: number): number {
  return Math.max(1, Math.min(LONGEST_POLL_SECONDS, Math.floor(silenceSeconds / 2)));
}
