import assert from "node:assert/strict";
import { RouterError, type ErrorCode } from "../../../shared/errors/router-error.ts";
import { dataApiError, isActiveLimit } from "../../../shared/warehouse/redshift/data-api-errors.ts";

const TARGET = "redshift:w/d";
const named = (name: string): Error => Object.assign(new Error("as AWS says it"), { name });

describe("what the Data API's refusals mean", () => {
  const cases: readonly (readonly [string, ErrorCode, boolean, RegExp])[] = [
    ["ActiveStatementsExceededException", "WAREHOUSE_UNAVAILABLE", true, /too many statements/],
    ["ActiveSessionsExceededException", "WAREHOUSE_UNAVAILABLE", true, /too many statements/],
    ["ActiveWaitingRequestsExceededException", "WAREHOUSE_UNAVAILABLE", true, /too many statements/],
    ["ThrottlingException", "WAREHOUSE_UNAVAILABLE", true, /request rate is used up/],
    ["AccessDeniedException", "ACCESS_DENIED", true, /the role needs redshift-data:\*/],
    ["ExpiredTokenException", "ACCESS_DENIED", true, /have expired/],
    ["UnrecognizedClientException", "ACCESS_DENIED", true, /not known to AWS/],
    ["CredentialsProviderError", "ACCESS_DENIED", true, /no credentials were found/],
    ["ResourceNotFoundException", "NOT_FOUND", false, /no such statement/],
    ["ValidationException", "WAREHOUSE_FAILED", false, /the request was refused/],
    ["AbortError", "ABORTED", true, /was stopped/],
    // Network, 5xx, an answer in HTML: nobody knows what became of it.
    ["InternalServerException", "WAREHOUSE_UNAVAILABLE", true, /no usable answer/],
    ["SyntaxError", "WAREHOUSE_UNAVAILABLE", true, /no usable answer/],
    ["Error", "WAREHOUSE_UNAVAILABLE", true, /no usable answer/],
    ["constructor", "WAREHOUSE_UNAVAILABLE", true, /no usable answer/],
  ];
  for (const [name, code, retryable, text] of cases)
    it(`${name} is ${code}${retryable ? ", worth another try" : ""}`, () => {
      const error = dataApiError("load of batch 7", TARGET, named(name));

      assert.deepEqual([error.code, error.retryable], [code, retryable]);
      assert.match(error.message, text);
      assert.ok(error.message.startsWith(`load of batch 7 on ${TARGET}`), error.message);
      assert.equal(isActiveLimit(named(name)), name.startsWith("Active"));
    });

  it("leaves what has been wrapped as it is", () => {
    const error = new RouterError("WAREHOUSE_FAILED", "said already");
    assert.equal(dataApiError("x", TARGET, error), error);
  });
});
