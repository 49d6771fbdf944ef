// The suite's bucket: claimed by a marker before anything is written, emptied of what the suite writes, refused when it is anybody else's.
import {
  DeleteObjectsCommand,
  GetBucketNotificationConfigurationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { ROUTED_PREFIXES } from "../../shared/contracts/keys.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { Account } from "./account.ts";

/** Everything that is not the router's own stands below. */
export const TRIAL_PREFIX = "log-router-test/";
const MARKER = `${TRIAL_PREFIX}claimed`;

/** Throws USAGE when the bucket holds routed objects or sends notifications, or when an earlier run's things are still there. */
export async function claimBucket(account: Account, run: string): Promise<void> {
  const { s3, bucket: Bucket } = account;
  const other = await claimedBy(account);
  if (other !== undefined)
    throw refusal(
      `s3://${Bucket}/${MARKER} says ${other}: that run is under way, or left its things. Remove them with: make test-aws ARGS=--clean`,
    );
  for (const Prefix of ROUTED_PREFIXES) {
    const { KeyCount = 0 } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }));
    if (KeyCount > 0)
      throw refusal(
        `s3://${Bucket}/${Prefix} has objects. Name a bucket for tests alone: the suite empties it`,
      );
  }
  const told = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  const isTold = [told.QueueConfigurations, told.TopicConfigurations, told.LambdaFunctionConfigurations];
  if (told.EventBridgeConfiguration || isTold.some((some = []) => some.length > 0))
    throw refusal(
      `the bucket ${Bucket} sends notifications, which the suite would replace. Name a bucket for tests alone`,
    );
  await s3.send(new PutObjectCommand({ Bucket, Key: MARKER, Body: run }));
}

/** The run whose things are in the bucket. */
export async function claimedBy({ s3, bucket }: Account): Promise<string | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: MARKER }));
    return await Body?.transformToString();
  } catch (error) {
    if (error instanceof Error && error.name === "NoSuchKey") return undefined;
    throw error;
  }
}

/** Tells queues of new objects. Replaces the configuration: there is none, claimBucket has looked. */
export async function notify(
  { s3, bucket }: Account,
  rules: readonly { readonly prefix: string; readonly queueArn: string }[],
): Promise<void> {
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: bucket,
      NotificationConfiguration: {
        QueueConfigurations: rules.map(({ prefix, queueArn }) => ({
          QueueArn: queueArn,
          Events: ["s3:ObjectCreated:*"],
          Filter: { Key: { FilterRules: [{ Name: "prefix", Value: prefix }] } },
        })),
      },
    }),
  );
}

/** Removes notifications and every object below the prefixes, the marker last; nothing in a bucket that is not claimed. */
export async function emptyBucket(account: Account): Promise<void> {
  const { s3, bucket: Bucket } = account;
  if ((await claimedBy(account)) === undefined) return;
  await s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: {} }));
  for (const prefix of ROUTED_PREFIXES) await removeBelow(account, prefix);
  await removeBelow(account, TRIAL_PREFIX, MARKER);
  await removeBelow(account, MARKER);
}

async function removeBelow({ s3, bucket: Bucket }: Account, Prefix: string, except?: string): Promise<void> {
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }));
    const Objects = (page.Contents ?? []).flatMap(({ Key }) => (Key && Key !== except ? [{ Key }] : []));
    if (Objects.length > 0) {
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
      );
      if (Errors[0])
        throw new Error(`s3://${Bucket}/${Errors[0].Key} could not be deleted: ${Errors[0].Message}`);
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

function refusal(message: string): RouterError {
  return new RouterError("USAGE", message);
}
