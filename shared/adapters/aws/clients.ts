// The SDK's clients as this project uses them: credentials and region by the SDK's default chain, endpoints by AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_<SERVICE>, throttles and 5xx tried again with back-off by the SDK.
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
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
  /** Longest silence on a connection, in milliseconds, before it is given up and the call tried again. Default 60,000. */
  readonly silenceMs?: number;
  /** Told of each request that goes out, tries again included: what AWS counts and charges for. */
  readonly onRequest?: OnRequest;
}

export type AwsService = "s3" | "sqs" | "redshift-data";
export type OnRequest = (service: AwsService, operation: string) => void;

/** Longest silence on a connection; S3 and SQS answer or stream well within it, a long poll takes 5 s, the Data API's 20 s. */
const SILENCE_MS = 60_000;
const CONNECTION_TIMEOUT_MS = 5_000;
/**
 * The limits are the workers' own: sources, receipts, uploads at a time. An object that is open and not read yet keeps its connection, and with the SDK's 50 of
 * them a request would wait for one that waits for it.
 */
const MAX_CONNECTIONS = 2_000;

function common(options: ClientOptions) {
  return {
    maxAttempts: options.maxAttempts ?? 6,
    // Not `requestTimeout`: the SDK only warns of it, and a slow upload is no silence.
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: options.silenceMs ?? SILENCE_MS,
      httpAgent: { maxSockets: MAX_CONNECTIONS },
      httpsAgent: { maxSockets: MAX_CONNECTIONS },
    },
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  };
}

/** The part of the SDK's clients that is the same in all of them. */
interface AnyClient {
  readonly middlewareStack: {
    add(
      middleware: (
        next: (args: never) => Promise<never>,
        context: { readonly commandName?: string },
      ) => (args: never) => Promise<never>,
      options: { readonly step: "finalizeRequest"; readonly priority: "low"; readonly name: string },
    ): void;
  };
}

/** Behind the SDK's retries, so that each try counts. */
function counted<T>(client: T, service: AwsService, { onRequest }: ClientOptions): T {
  if (onRequest === undefined) return client;
  const { middlewareStack } = client as AnyClient;
  middlewareStack.add(
    (next, { commandName = "" }) =>
      (args) => {
        onRequest(service, commandName.replace(/Command$/, ""));
        return next(args);
      },
    { step: "finalizeRequest", priority: "low", name: "countRequests" },
  );
  return client;
}

export function createS3Client(options: ClientOptions): S3Client {
  const client = new S3Client({
    ...common(options),
    forcePathStyle: options.pathStyle,
    followRegionRedirects: false,
    // Checked by s3-checksum.ts, over all ranges of a read.
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  withRegions(client);
  return counted(client, "s3", options);
}

/** Which region S3 says that a bucket is in, and which one was asked; on errors that came with `x-amz-bucket-region`. */
export interface Regions {
  readonly bucket: string;
  readonly asked: string;
}

const REGIONS = Symbol("regions");

/** The answer to a HEAD has no body: the header alone says that the bucket is elsewhere. */
export function regionsOf(error: unknown): Regions | undefined {
  return (error as { [REGIONS]?: Regions } | undefined)?.[REGIONS];
}

function withRegions(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const { headers } = (error as { $response?: { headers?: Record<string, string> } }).$response ?? {};
        const bucket = headers?.["x-amz-bucket-region"];
        if (bucket !== undefined && error instanceof Error)
          Object.defineProperty(error, REGIONS, { value: { bucket, asked: await client.config.region() } });
        throw error;
      }
    },
    { step: "initialize", priority: "high", name: "withRegions" },
  );
}

export function createSqsClient(options: ClientOptions): SQSClient {
  return counted(new SQSClient(common(options)), "sqs", options);
}

/** `pathStyle` means nothing here. */
export function createRedshiftDataClient(options: ClientOptions): RedshiftDataClient {
  return counted(new RedshiftDataClient(common(options)), "redshift-data", options);
}
