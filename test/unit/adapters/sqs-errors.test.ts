import assert from "node:assert/strict";
import { queueError } from "../../../shared/adapters/aws/sqs-requests.ts";
import { isRouterError, RouterError, type ErrorCode } from "../../../shared/errors/router-error.ts";

const URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/split";

function named(name: string, message = "as AWS says it", cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { name });
}

describe("what SQS's refusals mean", () => {
  const cases: readonly (readonly [string, ErrorCode, RegExp])[] = [
    ["QueueDoesNotExist", "QUEUE_FAILED", /no such queue: check its URL/],
    ["AWS.SimpleQueueService.NonExistentQueue", "QUEUE_FAILED", /no such queue/],
    ["AccessDenied", "ACCESS_DENIED", /the role needs sqs:ReceiveMessage/],
    ["AccessDeniedException", "ACCESS_DENIED", /the role needs sqs:ReceiveMessage/],
    ["KmsAccessDenied", "ACCESS_DENIED", /kms:Decrypt/],
    ["InvalidClientTokenId", "ACCESS_DENIED", /not known to AWS/],
    ["UnrecognizedClientException", "ACCESS_DENIED", /not known to AWS/],
    ["ExpiredToken", "ACCESS_DENIED", /have expired/],
    ["SignatureDoesNotMatch", "ACCESS_DENIED", /are wrong/],
    ["CredentialsProviderError", "ACCESS_DENIED", /no credentials were found/],
    ["InternalError", "QUEUE_FAILED", /: as AWS says it$/],
    ["constructor", "QUEUE_FAILED", /: as AWS says it$/],
  ];
  for (const [name, code, text] of cases)
    for (const [how, error] of [
      ["thrown by the SDK", named(name)],
      ["wrapped by sqs-consumer", named("SQSError", "SQS receive message failed", named(name))],
    ] as const)
      it(`${name}, ${how}, is ${code} and names the queue`, () => {
        const found = queueError("receiving from", URL, error);

        assert.ok(isRouterError(found, code) && found.retryable);
        assert.match(found.message, text);
        assert.ok(
          found.message.startsWith(`receiving from ${URL}: `) && found.message.includes("as AWS says it"),
        );
        assert.deepEqual(found.details, { queue: URL, name });
      });

  it("leaves what has been wrapped as it is", () => {
    const error = new RouterError("QUEUE_FAILED", "said already");
    assert.equal(queueError("sending to", URL, error), error);
  });
});
