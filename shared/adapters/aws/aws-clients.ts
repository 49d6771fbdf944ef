// The SDK's clients of one process, from the configuration and the environment: made when first used, closed together.
import type { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";
import {
  createRedshiftDataClient,
  createS3Client,
  createSqsClient,
  type ClientOptions,
  type OnRequest,
} from "./clients.ts";
import { RouterError } from "../../errors/router-error.ts";

export interface AwsClients extends Disposable {
  s3(): S3Client;
  sqs(): SQSClient;
  redshiftData(): RedshiftDataClient;
  /** Throws CONFIG_INVALID when no region is to be found: the SDK would say so in its own words at the first request. */
  requireRegion(): Promise<void>;
}

export interface AwsClientSettings {
  /** `aws.region`. */
  readonly region: string | undefined;
  /** Of the process: AWS_REGION and AWS_ENDPOINT_URL_* are looked at; the rest is the SDK's affair. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `aws.silence_seconds`. Default: the clients' own. */
  readonly silenceSeconds?: number;
  readonly onRequest?: OnRequest;
}

export function awsClients(settings: AwsClientSettings): AwsClients {
  const made: { destroy(): void }[] = [];
  const once = <T extends { destroy(): void }>(make: () => T): (() => T) => {
    let client: T | undefined;
    return () => {
      if (client === undefined) made.push((client = make()));
      return client;
    };
  };
  const s3 = once(() => createS3Client(clientOptions(settings, "S3")));
  return {
    s3,
    sqs: once(() => createSqsClient(clientOptions(settings, "SQS"))),
    redshiftData: once(() => createRedshiftDataClient(clientOptions(settings, "REDSHIFT_DATA"))),
    async requireRegion() {
      try {
        await s3().config.region();
      } catch (cause) {
        throw new RouterError(
          "CONFIG_INVALID",
          "aws.region: no AWS region is known. Set aws.region, AWS_REGION, or the profile's region.",
          { details: { setting: "aws.region" }, cause },
        );
      }
    },
    [Symbol.dispose](): void {
      for (const client of made) client.destroy();
    },
  };
}

/** Endpoints as the SDK itself takes them; named here too, because whether a bucket goes into the path depends on them. */
function clientOptions(settings: AwsClientSettings, service: string): ClientOptions {
  const { region, env, silenceSeconds, onRequest } = settings;
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] ?? env["AWS_ENDPOINT_URL"];
  return {
    pathStyle: endpoint !== undefined && !/\.amazonaws\.com(\.cn)?(:\d+)?\/?$/.test(endpoint),
    ...((region ?? env["AWS_REGION"]) ? { region: region ?? env["AWS_REGION"]! } : {}),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(silenceSeconds === undefined ? {} : { silenceMs: silenceSeconds * 1000 }),
    ...(onRequest ? { onRequest } : {}),
  };
}
