// The warehouse on Redshift, provisioned or Serverless, through the Data API: no connection is held, every method is a few API calls.
import type { Logger } from "pino";
import type { Config } from "../../config/schema.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { foldName, redshiftName } from "../sql/quote-redshift.ts";
import { readCatalog } from "./catalog.ts";
import { TableChanger } from "./change.ts";
import type { DataApi } from "./data-api.ts";
import { createDatabase, type Run } from "./database.ts";
import { prepareLedger } from "./ledger-schema.ts";
import { loadedUnits } from "./ledger-reads.ts";
import { JobLoader } from "./load.ts";
import { readSettings } from "./load-context.ts";
import { pendingUnits, putPending, removePending } from "./pending.ts";
import { createReads } from "./reads.ts";
import { sourcesNamed, sourcesWithIds } from "./source-reads.ts";
import { settleSources, supersede } from "./sources.ts";

export interface RedshiftWarehouseOptions {
  readonly api: DataApi;
  /** Role that COPY reads with. Default: `redshift.iam_role` of the configuration. */
  readonly iamRole?: string;
  /** The routed bucket's store: parts are read from it when lines have to be checked, lists for COPY are put there. */
  readonly store: ObjectStore;
  /** Name of the routed bucket. */
  readonly bucket: string;
  readonly config: Config;
  /** For verbs that read: event tables are looked for where the ledger says they are, whatever the configuration says. */
  readonly onlyReads?: boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Each table takes two or three of the 40 statements of a transaction. */
const MAX_TABLES = 8;

export function createRedshiftWarehouse(options: RedshiftWarehouseOptions): Warehouse {
  const { api, store, bucket, log, clock } = options;
  const config = withRole(options.config, options.iamRole);
  const eventSchema = config.tables.schema;
  requireEventSchema(eventSchema);
  const database = createDatabase(api, clock);
  const changer = new TableChanger(database, config, clock);
  const loader = new JobLoader({ database, store, bucket, config, clock, log });
  const run = (name: string, signal: AbortSignal | undefined): Run => ({ name, signal });
  let slots: number | undefined;
  /** Fixed when the schema is made. */
  const slotCount = async (signal: AbortSignal | undefined): Promise<number> => {
    slots ??= (await readSettings(database, run("settings", signal))).slots;
    return slots;
  };
  let readSchema: string | undefined;
  const schemaOf = async (signal: AbortSignal | undefined): Promise<string> => {
    if (!options.onlyReads) return eventSchema;
    readSchema ??= (await readSettings(database, run("settings", signal))).eventSchema ?? eventSchema;
    return readSchema;
  };
  return {
    name: api.target,
    maxTablesPerLoad: MAX_TABLES,
    async prepare(signal) {
      const grantSelectTo = config.tables.grant_select_to;
      const settings = await prepareLedger(database, {
        eventSchema,
        slots: config.loader.slots,
        grantSelectTo,
        clock,
        signal,
      });
      slots = settings.slots;
    },
    async ping(signal) {
      await database.query("SELECT 1", run("ping", signal));
    },
    catalog: async (signal) => readCatalog(database, await schemaOf(signal), signal),
    change: (version, changes, signal) => changer.apply(version, changes, signal),
    load: (job, signal) => loader.load(job, signal),
    probe: (job, signal) => loader.probe(job, signal),
    loadedUnits: (keys, signal) => loadedUnits(database, keys, run("loaded units", signal)),
    supersede: async (row, signal) =>
      supersede(database, await slotCount(signal), row, {
        ...run(`supersede ${row.sourceId}`, signal),
        timeoutSeconds: config.redshift.load_timeout_seconds,
      }),
    settleSources: (rows, signal) => settleSources(database, rows, run("settle sources", signal)),
    findSources: (where, signal) =>
      "ids" in where
        ? sourcesWithIds(database, where.ids, run("find sources", signal))
        : sourcesNamed(database, where.names, run("find sources", signal)),
    putPending: (rows, signal) => putPending(database, rows, run("put pending", signal)),
    pending: (options, signal) => pendingUnits(database, options, run("pending", signal)),
    removePending: (keys, signal) => removePending(database, keys, run("remove pending", signal)),
    read: createReads(database, schemaOf),
    async [Symbol.asyncDispose]() {
      // Nothing is held between two calls.
    },
  };
}

function withRole(config: Config, iamRole: string | undefined): Config {
  return iamRole === undefined ? config : { ...config, redshift: { ...config.redshift, iam_role: iamRole } };
}

function requireEventSchema(eventSchema: string): void {
  redshiftName(eventSchema);
  if (!["log_router", "information_schema", "pg_catalog", "pg_internal"].includes(foldName(eventSchema)))
    return;
  throw new RouterError("CONFIG_INVALID", `tables.schema: ${eventSchema} is not free for event tables`, {
    details: { setting: "tables.schema" },
  });
}
