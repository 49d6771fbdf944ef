// Buckets, queues and notifications on an emulator, as infra/ makes them on AWS. Making them again changes nothing.
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  type BucketLocationConstraint,
  type S3Client,
} from "@aws-sdk/client-s3";
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";

export interface Resources {
  readonly sourceBucket: string;
  readonly routedBucket: string;
  readonly splitQueue: string;
  readonly loadQueue: string;
  readonly backfillQueue: string;
  /** Dead letters of the three queues, in their order. */
  readonly deadQueues: readonly string[];
}

export const SOURCE_BUCKET = "log-router-sources";
export const ROUTED_BUCKET = "log-router-routed";
/** More than the workers' own limit, which keeps the reason: this one is for messages whose worker died each time. */
const MAX_RECEIVES = "20";
const FOURTEEN_DAYS = String(14 * 24 * 3600);

export async function makeResources(s3: S3Client, sqs: SQSClient, region: string): Promise<Resources> {
  await makeBucket(s3, SOURCE_BUCKET, region);
  await makeBucket(s3, ROUTED_BUCKET, region);
  const split = await makeQueue(sqs, "split");
  const load = await makeQueue(sqs, "load");
  const backfill = await makeQueue(sqs, "backfill");
  await notify(s3, SOURCE_BUCKET, split.arn);
  await notify(s3, ROUTED_BUCKET, load.arn, "receipts/");
  return {
    sourceBucket: SOURCE_BUCKET,
    routedBucket: ROUTED_BUCKET,
    splitQueue: split.url,
    loadQueue: load.url,
    backfillQueue: backfill.url,
    deadQueues: [split.dead, load.dead, backfill.dead],
  };
}

async function makeBucket(s3: S3Client, Bucket: string, region: string): Promise<void> {
  const CreateBucketConfiguration = { LocationConstraint: region as BucketLocationConstraint };
  try {
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "BucketAlreadyOwnedByYou") throw error;
  }
}

async function makeQueue(sqs: SQSClient, name: string): Promise<{ url: string; arn: string; dead: string }> {
  const make = async (QueueName: string, Attributes: Record<string, string>) => {
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
    return { url: QueueUrl, arn: answer.Attributes?.QueueArn ?? "" };
  };
  const dead = await make(`log-router-${name}-dead`, { MessageRetentionPeriod: FOURTEEN_DAYS });
  const queue = await make(`log-router-${name}`, {
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: MAX_RECEIVES }),
  });
  return { ...queue, dead: dead.url };
}

async function notify(s3: S3Client, Bucket: string, QueueArn: string, prefix?: string): Promise<void> {
  const Filter = prefix ? { Key: { FilterRules: [{ Name: "prefix" as const, Value: prefix }] } } : undefined;
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: {
        QueueConfigurations: [{ QueueArn, Events: ["s3:ObjectCreated:*"], Filter }],
      },
    }),
  );
}
