// DuckDB itself, with nothing open: making one takes 10 to 25 ms, attaching a file to it 2. So each file has one that is kept for a while.
import { DuckDBInstance } from "@duckdb/node-api";
import type { OpenSettings } from "./open-file.ts";

/** An engine that nobody has used for this long is given up. */
const IDLE_MS = 2_000;

interface Engine {
  readonly instance: Promise<DuckDBInstance>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

const engines = new Map<string, Engine>();

/** An instance for this file and these settings, to attach the file to; given back with `releaseEngine`. */
export async function takeEngine(file: string, settings: OpenSettings): Promise<DuckDBInstance> {
  const key = keyOf(file, settings);
  let engine = engines.get(key);
  if (!engine) {
    const instance = DuckDBInstance.create(":memory:", options(file, settings));
    engines.set(key, (engine = { instance, users: 0, idle: undefined }));
  }
  clearTimeout(engine.idle);
  engine.users++;
  try {
    return await engine.instance;
  } catch (error) {
    engines.delete(key);
    throw error;
  }
}

/** Nothing may be attached to it any more; when that is not sure (`isBroken`), nobody gets it again. */
export function releaseEngine(file: string, settings: OpenSettings, isBroken: boolean): void {
  const key = keyOf(file, settings);
  const engine = engines.get(key);
  if (!engine) return;
  engine.users--;
  const giveUp = (): void => {
    engines.delete(key);
    void engine.instance.then((instance) => instance.closeSync());
  };
  if (isBroken) giveUp();
  else if (engine.users === 0) engine.idle = setTimeout(giveUp, IDLE_MS).unref();
}

const keyOf = (file: string, settings: OpenSettings): string => JSON.stringify(options(file, settings));

function options(file: string, settings: OpenSettings): Record<string, string> {
  return {
    memory_limit: `${Math.floor(settings.memoryBytes / 1024)}KiB`,
    temp_directory: `${file}.tmp`,
    // Rows keep no order in a table; giving it up lets a load run in parallel within its memory.
    preserve_insertion_order: "false",
    // A full row group is compressed and written by the thread that filled it, not by the one that commits.
    write_buffer_row_group_count: "1",
    // Nothing is ever fetched from a network.
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    threads: String(settings.threads),
  };
}
