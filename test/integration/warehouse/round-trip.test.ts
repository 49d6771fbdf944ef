import { roundTripSuite } from "./round-trip-suite.ts";
import { tempWarehouse } from "./temp-warehouse.ts";

const RUNS = Number(process.env["FC_RUNS"] ?? 6);

roundTripSuite("DuckDB", RUNS, async () => {
  const temp = tempWarehouse({ keepLog: true });
  return { ...temp, close: () => temp[Symbol.dispose]() };
});
