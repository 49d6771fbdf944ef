import assert from "node:assert/strict";
import {
  failureKind,
  failureReason,
  isConflict,
  statementError,
} from "../../../shared/warehouse/redshift/errors.ts";

const ID = " [ErrorId: 1-0123456789abcdef01234567]";

describe("what Redshift's error texts mean", () => {
  for (const [text, kind, code] of [
    ["ERROR: division by zero", "guard", "WAREHOUSE_FAILED"],
    ["ERROR: Divide by zero", "guard", "WAREHOUSE_FAILED"],
    [
      "ERROR: 1023 - Serializable isolation violation on table - 1234, transactions forming the cycle",
      "conflict",
      "TABLE_LOCKED",
    ],
    ["ERROR: deadlock detected", "conflict", "TABLE_LOCKED"],
    ["ERROR: Query (1) cancelled on user's request", "timeout", "TABLE_LOCKED"],
    [
      "ERROR: Load into table 'x' failed. Check 'sys_load_error_detail' system table for details.",
      "load",
      "WAREHOUSE_FAILED",
    ],
    ["ERROR: The file s3://b/k is mandatory and does not exist.", "missing_file", "OBJECT_GONE"],
    ['ERROR: relation "orders" already exists', "exists", "WAREHOUSE_FAILED"],
    ['ERROR: schema "log_router" does not exist', "not_prepared", "WAREHOUSE_UNAVAILABLE"],
    ["ERROR: permission denied for relation orders", "denied", "ACCESS_DENIED"],
    ["ERROR: syntax error at or near 1", "other", "WAREHOUSE_FAILED"],
  ] as const) {
    it(`${kind}: ${text}`, () => {
      assert.equal(failureKind(text + ID), kind);
      const error = statementError("load of batch x", "redshift:g/d", text + ID);
      assert.equal(error.code, code);
      assert.equal(isConflict(error), kind === "conflict");
      assert.equal(error.message.includes("ErrorId"), false);
    });
  }

  it("gives the first line without the API's marks", () => {
    assert.equal(failureReason(`ERROR: first${ID}\nsecond`), "first");
  });
});
