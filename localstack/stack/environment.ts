// What the workers need to find the local stack: a file for `. .log-router-stack/env`.
import type { StackState } from "./stack.ts";

export function environment({ emulator, standIn, region, resources }: StackState): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: emulator.endpoint,
    AWS_ENDPOINT_URL_SQS: emulator.endpoint,
    AWS_ENDPOINT_URL_REDSHIFT_DATA: standIn.endpoint,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: region,
    SOURCE_BUCKET: resources.sourceBucket,
    LOG_ROUTER_AWS_ROUTED_BUCKET: resources.routedBucket,
    LOG_ROUTER_AWS_SPLIT_QUEUE: resources.splitQueue,
    LOG_ROUTER_AWS_LOAD_QUEUE: resources.loadQueue,
    LOG_ROUTER_AWS_BACKFILL_QUEUE: resources.backfillQueue,
    LOG_ROUTER_WAREHOUSE: "redshift:local/dev",
  };
}

/** For a POSIX shell. */
export function envFile(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join("");
}
