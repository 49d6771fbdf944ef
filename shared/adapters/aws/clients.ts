// The SDK's clients as this project uses them: credentials and region by the SDK's default chain, endpoints by AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_<SERVICE>, throttles and 5xx tried again with back-off by the SDK.
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";

export interface ClientOptions {
  /** Overrides the default chain (AWS_REGION, profile, instance metadata). */
  readonly region?: string;
  /** Overrides AWS_ENDPOINT_URL_*; for tests. */
  readonly endpoint?: string;
  /** True for emulators and other hosts without a wildcard name: the bucket goes into the path. */
  readonly pathStyle: boolean;
  /** Tries of one call, the first included. Default 6: SlowDown lasts while S3 splits a partition. */
  readonly maxAttempts?: number;
}

/** Longest silence on a connection; S3 and SQS answer or stream well within it, a long poll takes 5 s. */
const REQUEST_TIMEOUT_MS = 60_000;
const CONNECTION_TIMEOUT_MS = 5_000;

function common(options: ClientOptions) {
  return {
    maxAttempts: options.maxAttempts ?? 6,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  };
}

export function createS3Client(options: ClientOptions): S3Client {
  return new S3Client({
    ...common(options),
    forcePathStyle: options.pathStyle,
    followRegionRedirects: false,
    // Checked by s3-checksum.ts, over all ranges of a read.
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

export function createSqsClient(options: ClientOptions): SQSClient {
  return new SQSClient(common(options));
}
