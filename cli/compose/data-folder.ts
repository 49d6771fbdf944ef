// Where the embedded default keeps what it writes: one folder.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { RouterError } from "../../shared/errors/router-error.ts";
import { shellQuote } from "../output/shell-quote.ts";
import type { DataOptions } from "../verb.ts";

export interface DataFolder {
  readonly path: string;
  /** Bucket `routed`: parts, receipts, shapes, quarantine. */
  readonly routed: string;
  /** All queues. */
  readonly queues: string;
  /** Frames of parts that are not closed yet; empty when nothing runs. */
  readonly scratch: string;
  /** DuckDB's file. */
  readonly warehouse: string;
}

/** Paths from --data and --warehouse; nothing is created. Throws USAGE for a warehouse that the embedded default does not know. */
export function dataFolder(cwd: string, options: DataOptions): DataFolder {
  const path = resolve(cwd, options.data);
  return {
    path,
    routed: join(path, "routed"),
    queues: join(path, "queue.sqlite"),
    scratch: join(path, "scratch"),
    warehouse:
      options.warehouse === undefined ? join(path, "warehouse.duckdb") : duckDbFile(cwd, options.warehouse),
  };
}

/** Whether anything has been routed into the folder yet. */
export function hasData(folder: DataFolder): boolean {
  return existsSync(folder.path) && (existsSync(folder.warehouse) || existsSync(folder.queues));
}

/** Throws USAGE when nothing has been routed into the folder yet. */
export function requireData(folder: DataFolder, options: DataOptions): void {
  if (hasData(folder)) return;
  throw new RouterError(
    "USAGE",
    `there is no data in ${options.data} yet. Route something into it first: ` +
      `log-router run PATH --once --data ${shellQuote(options.data)}`,
  );
}

function duckDbFile(cwd: string, url: string): string {
  const file = /^duckdb:(.+)$/s.exec(url)?.[1];
  if (file === undefined) {
    throw new RouterError(
      "USAGE",
      `the warehouse ${JSON.stringify(url)} is not known here. Write duckdb:FILE, redshift:WORKGROUP/DATABASE or redshift-cluster:CLUSTER/DATABASE.`,
    );
  }
  return resolve(cwd, file);
}
