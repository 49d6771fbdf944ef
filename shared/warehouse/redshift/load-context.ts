// What every step of a load needs.
import type { Logger } from "pino";
import type { Config } from "../../config/schema.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { Database, Run } from "./database.ts";
import { parseSettings, SETTINGS_QUERY, type LedgerSettings } from "./ledger-schema.ts";
import { notPrepared } from "./not-prepared.ts";

export interface LoaderContext {
  readonly database: Database;
  readonly store: ObjectStore;
  /** Routed bucket: lists and checked lines go there. */
  readonly bucket: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Throws WAREHOUSE_UNAVAILABLE where there is no ledger yet. */
export async function readSettings(database: Database, run: Run): Promise<LedgerSettings> {
  const settings = parseSettings(await database.query(SETTINGS_QUERY, run));
  if (!settings) throw notPrepared(database.target);
  return settings;
}
