// What a COPY leaves in the system views: written on a connection of its own, because it outlives the transaction, rolled back or not.
import pg from "pg";
import type { PostgresServer } from "../postgres.ts";
import type { LoadErrorRow } from "./run-copy.ts";

export interface Load {
  readonly queryId: number;
  readonly pid: number;
  readonly table: string;
  readonly from: string;
  /** Undefined when the load failed. */
  readonly rows?: number;
  readonly errors: readonly LoadErrorRow[];
}

export async function keepLoad(
  { postgres, database }: { readonly postgres: PostgresServer; readonly database: string },
  load: Load,
): Promise<void> {
  const keeper = new pg.Client(postgres.connection(database));
  await keeper.connect();
  try {
    await keeper.query(
      `INSERT INTO rs.sys_load_history (user_id, query_id, session_id, database_name, status, table_name, start_time, end_time, data_source, file_format, loaded_rows, error_count)
       VALUES (100, $1, $2, current_database(), $3, $4, now(), now(), $5, 'JSON', $6, $7)`,
      [
        load.queryId,
        load.pid,
        load.rows === undefined ? "aborted" : "completed",
        load.table,
        load.from,
        load.rows ?? 0,
        load.errors.length,
      ],
    );
    for (const error of load.errors)
      await keeper.query(
        `INSERT INTO rs.sys_load_error_detail (user_id, query_id, session_id, database_name, start_time, file_name, line_number, column_name, column_type, error_code, error_message)
         VALUES (100, $1, $2, current_database(), now(), $3, $4, $5, $6, $7, $8)`,
        [load.queryId, load.pid, error.file, error.line, error.column, error.type, error.code, error.message],
      );
  } finally {
    await keeper.end();
  }
}
