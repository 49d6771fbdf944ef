// `log-router schema`: which column a path of an event type went to, since when, and what had to be rescued.
import { z } from "zod";
import { closest } from "../../shared/config/closest.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { CatalogTable } from "../../shared/schema/types.ts";
import type { ReportDeps } from "./deps.ts";

const count = z.int().min(0);

export const schemaSchema = z.object({
  tables: z.array(
    z.object({
      table: z.string(),
      event_types: z.array(z.string()).describe("Event types whose rows are in this table"),
      catch_all: z.boolean().describe("Lines are kept whole in one column"),
      created_at: z.iso.datetime(),
      columns: z
        .array(
          z.object({
            path: z.array(z.string()).describe("Keys from the top of the line down"),
            column: z.string(),
            type: z.string(),
            added_at: z.iso.datetime(),
          }),
        )
        .describe("In the order added; several columns of one path are siblings, one for each kind of value"),
      rescued: z
        .array(z.object({ path: z.string(), values: count }))
        .describe("Values in _lr_rescued by path, most first"),
      ddl: z.string().optional().describe("With --ddl: the statement that creates the table as it is now"),
    }),
  ),
});
export type SchemaReport = z.infer<typeof schemaSchema>;

/** All tables by name, or the one of an event type (or with that table name). Throws NOT_FOUND, with the closest name known. */
export async function schemaReport(
  deps: ReportDeps,
  eventType: string | undefined,
  withDdl: boolean,
): Promise<SchemaReport> {
  const catalog = await deps.warehouse.catalog(deps.signal);
  const tables = eventType === undefined ? [...catalog.tables.values()] : [tableNamed(eventType)];
  const report: SchemaReport = { tables: [] };
  for (const table of tables.toSorted((a, b) => (a.table < b.table ? -1 : 1))) {
    report.tables.push(await tableReport(deps, table, withDdl));
  }
  return report;

  function tableNamed(name: string): CatalogTable {
    const table = catalog.tables.get(catalog.tableOf.get(name) ?? name);
    if (table) return table;
    const near = closest(name, [...catalog.tableOf.keys(), ...catalog.tables.keys()]);
    const hint = near === undefined ? "log-router schema lists all." : `Did you mean ${near}?`;
    throw new RouterError("NOT_FOUND", `there is no table of event type ${name}. ${hint}`);
  }
}

async function tableReport(
  deps: ReportDeps,
  table: CatalogTable,
  withDdl: boolean,
): Promise<SchemaReport["tables"][number]> {
  const { read } = deps.warehouse;
  return {
    table: table.table,
    event_types: [...table.eventTypes],
    catch_all: table.catchAll,
    created_at: table.createdAt.toISOString(),
    columns: table.columns.map(({ path, column, type, addedAt }) => ({
      path: [...path],
      column,
      type,
      added_at: addedAt.toISOString(),
    })),
    rescued: (await read.rescuedPaths(table.table, deps.signal)).map(({ path, values }) => ({
      path,
      values,
    })),
    ...(withDdl ? { ddl: await read.ddl(table.table, deps.signal) } : {}),
  };
}
