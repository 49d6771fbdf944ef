import { redshiftConfig, ROUTED, startRedshift } from "../helpers/redshift-stand-in.ts";
import { warehouseContract } from "./warehouse.ts";

warehouseContract("Redshift on the stand-in", async ({ rewriteRows, foreignTables }) => {
  const config = redshiftConfig({ tables: { rewrite_rows: rewriteRows }, loader: { slots: 4 } });
  const bench = await startRedshift({ config });
  for (const sql of [
    "CREATE SCHEMA events",
    ...foreignTables.map((table) => `CREATE TABLE events."${table}" (a INTEGER)`),
  ])
    if (foreignTables.length > 0) await bench.api.statement(sql, { name: "foreign" });
  return {
    warehouse: bench.open(),
    bucket: ROUTED,
    async put(key, bytes) {
      await bench.store.put({ bucket: ROUTED, key }, bytes);
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
});
