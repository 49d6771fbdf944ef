// The stand-in as a process of its own: `node localstack/redshift-data/main.ts --port 4567 --s3-endpoint http://127.0.0.1:4566`. Prints its
// endpoint as one JSON line when it answers. Ends, and PostgreSQL with it, on SIGTERM and SIGINT; nothing is kept.
import { parseArgs } from "node:util";
import { prepareDatabase } from "./engine.ts";
import { fileJournal } from "./journal.ts";
import { startPostgres, type Isolation } from "./postgres.ts";
import { s3OverHttp } from "./s3-over-http.ts";
import { startStandIn } from "./server.ts";

const USAGE = `usage: node localstack/redshift-data/main.ts --s3-endpoint URL [--port N] [--region NAME] [--isolation serializable]
       [--no-rate-limits]
environment: SQL_LOG=FILE keeps every call as a JSON line; PG_BIN names PostgreSQL's folder
faults: POST /_faults with {"effect": "lose-answer", "operation": …, "match": …, "times": …}, or "clear" (faults.ts)
`;
const DATABASE = "warehouse";

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      "s3-endpoint": { type: "string" },
      region: { type: "string", default: "eu-west-1" },
      isolation: { type: "string", default: "repeatable read" },
      "no-rate-limits": { type: "boolean", default: false },
    },
  });
  const port = Number(values.port);
  const endpoint = values["s3-endpoint"];
  if (!/^\d{1,5}$/.test(values.port) || port > 65_535) throw new Error(`--port ${values.port} is no port`);
  if (endpoint === undefined || !URL.canParse(endpoint)) throw new Error("--s3-endpoint needs a URL");
  if (!["repeatable read", "serializable"].includes(values.isolation))
    throw new Error("--isolation is 'repeatable read' or 'serializable'");
  return {
    port,
    endpoint,
    region: values.region,
    isolation: values.isolation as Isolation,
    rateLimits: !values["no-rate-limits"],
  };
}

async function serve(): Promise<void> {
  const options = readOptions();
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
  });
  await using postgres = await startPostgres();
  await postgres.createDatabase(DATABASE, options.isolation);
  await prepareDatabase(postgres, DATABASE);
  const s3 = s3OverHttp(options.endpoint, options.region);
  const log = process.env["SQL_LOG"];
  await using standIn = await startStandIn({
    postgres,
    database: DATABASE,
    s3,
    port: options.port,
    rateLimits: options.rateLimits,
    ...(log ? { journal: fileJournal(log) } : {}),
  });
  process.stdout.write(`${JSON.stringify({ endpoint: standIn.endpoint, postgres: postgres.version })}\n`);
  await stopped;
  s3.close();
}

serve().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  process.exitCode = 2;
});
