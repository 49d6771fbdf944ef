// The S3 and SQS emulators that integration tests run on: both, or the one that EMULATOR names. Each is started once per run, by the
// first test that needs it, and stopped by root-hooks.ts.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { CreateBucketCommand, type BucketLocationConstraint, type S3Client } from "@aws-sdk/client-s3";
import type { SQSClient } from "@aws-sdk/client-sqs";
import { EMULATORS, startEmulator, type Emulator, type EmulatorName } from "../../localstack/emulator.ts";
import { createS3Client, createSqsClient, type ClientOptions } from "../../shared/adapters/aws/clients.ts";

export interface RunningEmulator {
  readonly emulator: Emulator;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly clientOptions: ClientOptions;
}

const running = new Map<EmulatorName, Promise<RunningEmulator>>();

/** The emulators to test on. Empty only where there is no python3, outside CI: the suites then say so in their titles. */
export function emulatorsUnderTest(): readonly EmulatorName[] {
  const wanted = process.env["EMULATOR"];
  if (wanted !== undefined && wanted !== "") {
    const name = EMULATORS.find((one) => one === wanted);
    if (name === undefined) throw new Error(`EMULATOR=${wanted}: it is one of ${EMULATORS.join(", ")}`);
    return [name];
  }
  if (hasPython()) return EMULATORS;
  if (process.env["CI"]) throw new Error("python3 is missing: the suites on emulators must run in CI");
  return [];
}

function hasPython(): boolean {
  try {
    execFileSync("python3", ["-c", "import venv, ensurepip"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Starts it on first use; the first ever installs it too (up to half a minute). */
export function runningEmulator(name: EmulatorName): Promise<RunningEmulator> {
  let found = running.get(name);
  if (found === undefined) {
    found = start(name);
    running.set(name, found);
  }
  return found;
}

async function start(name: EmulatorName): Promise<RunningEmulator> {
  process.env["AWS_ACCESS_KEY_ID"] ??= "test";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
  const emulator = await startEmulator(name);
  const clientOptions = { region: emulator.region, endpoint: emulator.endpoint, pathStyle: true };
  return { emulator, s3: createS3Client(clientOptions), sqs: createSqsClient(clientOptions), clientOptions };
}

export async function stopEmulators(): Promise<void> {
  const all = [...running.values()];
  running.clear();
  for (const starting of all) {
    const { emulator, s3, sqs } = await starting;
    s3.destroy();
    sqs.destroy();
    await emulator.stop();
  }
}

/** An empty bucket with a name of its own. */
export async function newBucket({ s3, emulator }: RunningEmulator): Promise<string> {
  const bucket = `test-${randomBytes(6).toString("hex")}`;
  const LocationConstraint = emulator.region as BucketLocationConstraint;
  await s3.send(
    new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint } }),
  );
  return bucket;
}
