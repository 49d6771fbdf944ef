import { randomBytes } from "node:crypto";
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { createSqsQueue } from "../../shared/adapters/aws/sqs-queue.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { emulatorsUnderTest, runningEmulator } from "../helpers/emulators.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { queueContract } from "./queue.ts";

const emulators = emulatorsUnderTest();
if (emulators.length === 0)
  it("Queue contract: SQS: not run, because there is no python3 to start an emulator");

for (const name of emulators) {
  describe(`on ${name}`, function () {
    this.timeout(120_000);
    before(async () => void (await runningEmulator(name)));

    queueContract(`SQS on ${name}`, async () => {
      const { sqs } = await runningEmulator(name);
      return {
        queue: async ({ maxReceives = 10 } = {}) =>
          createSqsQueue(sqs, await newQueue(sqs), {
            clock: systemClock,
            maxReceives,
            warn: () => {},
            waitSeconds: 1,
          }),
        async until(what, condition) {
          await waitFor(what, condition, 30_000);
        },
        now: () => Date.now(),
        keepsReasons: true,
        exactDepth: false,
        countsAnew: name !== "localstack",
        async [Symbol.asyncDispose]() {},
      };
    });
  });
}

/** A queue with dead letters, whose own redrive policy never acts before ours. */
async function newQueue(sqs: SQSClient): Promise<string> {
  const id = randomBytes(6).toString("hex");
  const dead = await sqs.send(new CreateQueueCommand({ QueueName: `dead-${id}` }));
  const attributes = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: dead.QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: attributes.Attributes?.QueueArn,
    maxReceiveCount: 100,
  });
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: `queue-${id}`, Attributes: { RedrivePolicy } }),
  );
  return made.QueueUrl!;
}
