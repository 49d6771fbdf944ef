// The suite's schemas. The ledger's schema has one name on every warehouse, so the database must have none: a mark in `log_router.settings`
// says that the ledger is the suite's own, and only such a one is ever dropped.
import { RouterError } from "../../shared/errors/router-error.ts";
import type { DataApi } from "../../shared/warehouse/redshift/data-api.ts";

const MARK = "made_by_test";
const OWN_SCHEMA = /^lr_test_[0-9a-f]{8}$/;

/** Makes the schema of the ledger with the mark in it, and one for the suite's own tables. Throws USAGE when there is a ledger. */
export async function claimDatabase(api: DataApi, schema: string): Promise<void> {
  if (await hasLedger(api)) {
    const by = await markOf(api);
    throw new RouterError(
      "USAGE",
      by === undefined
        ? `${api.target} has a ledger (schema log_router) that is not a test's. Name a database for tests alone: CREATE DATABASE log_router_test`
        : `${api.target} has what the run ${by} left, or that run is under way. Remove it with: make test-aws ARGS=--clean`,
    );
  }
  const outcome = await api.transaction(
    [
      "CREATE SCHEMA log_router",
      "CREATE TABLE log_router.settings (name VARCHAR(64) NOT NULL, value VARCHAR(256) NOT NULL)",
      `INSERT INTO log_router.settings (name, value) VALUES ('${MARK}', '${schema}')`,
      `CREATE SCHEMA ${schema}`,
    ],
    { name: "log-router test: claim" },
  );
  if (outcome.kind === "failed") throw new Error(`${api.target}: ${outcome.error}`);
}

/** Drops the schemas of the run that marked the ledger; nothing where there is no mark. */
export async function dropSchemas(api: DataApi): Promise<void> {
  if (!(await hasLedger(api))) return;
  const schema = await markOf(api);
  if (schema === undefined || !OWN_SCHEMA.test(schema)) return;
  // The ledger goes last: while it is there, its mark says what else is to be removed.
  for (const name of [schema, "log_router"]) {
    const outcome = await api.statement(`DROP SCHEMA IF EXISTS ${name} CASCADE`, {
      name: `log-router test: drop ${name}`,
    });
    if (outcome.kind === "failed") throw new Error(`${api.target}: DROP SCHEMA ${name}: ${outcome.error}`);
  }
}

async function hasLedger(api: DataApi): Promise<boolean> {
  const [row] = await api.query("SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'log_router'", {
    name: "log-router test: look for a ledger",
  });
  return Number(row?.[0]) > 0;
}

async function markOf(api: DataApi): Promise<string | undefined> {
  const tables = await api.query(
    "SELECT COUNT(*) FROM svv_tables WHERE table_schema = 'log_router' AND table_name = 'settings'",
    { name: "log-router test: look for a mark" },
  );
  if (Number(tables[0]?.[0]) === 0) return undefined;
  const [row] = await api.query(`SELECT value FROM log_router.settings WHERE name = '${MARK}'`, {
    name: "log-router test: look for a mark",
  });
  return row === undefined ? undefined : String(row[0]);
}
