import { roundTripSuite } from "../warehouse/round-trip-suite.ts";
import { documentLoader, openLoadBench } from "./load-helpers.ts";

/** Each load and each change is a handful of API calls: fewer runs than on an embedded warehouse. */
const RUNS = Number(process.env["FC_RUNS"] ?? 3);

roundTripSuite("Redshift", RUNS, async () => {
  const context = await openLoadBench();
  return {
    warehouse: context.warehouse,
    loadDocuments: documentLoader(context),
    async close() {
      await context[Symbol.asyncDispose]();
    },
  };
});
