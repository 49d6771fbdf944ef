// The warehouse for those who look at it from outside: without the rates that Redshift's Data API allows, which the workers keep to.
import pino from "pino";
import { createRedshiftDataClient } from "../../../shared/adapters/aws/clients.ts";
import { defaultConfig } from "../../../shared/config/schema.ts";
import type { ObjectStore } from "../../../shared/ports/object-store.ts";
import type { Warehouse } from "../../../shared/ports/warehouse.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { createRedshiftWarehouse } from "../../../shared/warehouse/redshift/create-redshift-warehouse.ts";
import { createDataApi } from "../../../shared/warehouse/redshift/data-api.ts";
import { parseRedshiftTarget } from "../../../shared/warehouse/redshift/target.ts";
import type { AwsRig } from "../../helpers/aws-rig.ts";

export function openUnlimitedWarehouse(rig: AwsRig, store: ObjectStore): Warehouse {
  const { endpoint } = rig.standIn;
  const client = createRedshiftDataClient({ endpoint, region: "eu-west-1", pathStyle: true });
  const target = parseRedshiftTarget(rig.env["LOG_ROUTER_WAREHOUSE"]!);
  const api = createDataApi(client, { target, limiter: (_, call) => call(), clock: systemClock });
  const log = pino({ level: "silent" });
  const config = defaultConfig();
  const warehouse = createRedshiftWarehouse({
    api,
    store,
    bucket: rig.routed,
    config,
    log,
    clock: systemClock,
  });
  return {
    ...warehouse,
    async [Symbol.asyncDispose]() {
      await warehouse[Symbol.asyncDispose]();
      client.destroy();
    },
  };
}
