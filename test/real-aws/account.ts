// An AWS account, or what stands in for one, as the suite uses it.
import type { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import type { S3Client } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";
import {
  createRedshiftDataClient,
  createS3Client,
  createSqsClient,
} from "../../shared/adapters/aws/clients.ts";
import { createLimiter, type Limiter } from "../../shared/warehouse/redshift/data-api-limits.ts";
import type { DataApiTarget } from "../../shared/warehouse/redshift/data-api.ts";
import type { RealSettings } from "./settings.ts";

export interface Account extends AsyncDisposable {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly redshift: RedshiftDataClient;
  readonly target: DataApiTarget;
  readonly bucket: string;
  readonly iamRole: string;
  /** Keeps to the account's limits on Data API calls. */
  readonly limiter: Limiter;
  /** For the command: region, endpoints, warehouse, role; nothing about queues and buckets. */
  readonly env: Readonly<Record<string, string>>;
}

/** Credentials come by the SDK's default chain. */
export function openRealAccount(settings: RealSettings): Account {
  const { region, target, bucket, iamRole, warehouse, dbUser, secretArn } = settings;
  const options = { region, pathStyle: false };
  const [s3, sqs, redshift] = [
    createS3Client(options),
    createSqsClient(options),
    createRedshiftDataClient(options),
  ];
  return {
    s3,
    sqs,
    redshift,
    target,
    bucket,
    iamRole,
    limiter: createLimiter(0.5),
    env: {
      AWS_REGION: region,
      LOG_ROUTER_WAREHOUSE: warehouse,
      LOG_ROUTER_REDSHIFT_IAM_ROLE: iamRole,
      ...(dbUser === undefined ? {} : { LOG_ROUTER_REDSHIFT_DB_USER: dbUser }),
      ...(secretArn === undefined ? {} : { LOG_ROUTER_REDSHIFT_SECRET_ARN: secretArn }),
    },
    async [Symbol.asyncDispose]() {
      for (const client of [s3, sqs, redshift]) client.destroy();
    },
  };
}
