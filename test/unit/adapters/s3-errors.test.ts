import assert from "node:assert/strict";
import { createS3Client } from "../../../shared/adapters/aws/clients.ts";
import { createS3ObjectStore } from "../../../shared/adapters/aws/s3-object-store.ts";
import { s3Error } from "../../../shared/adapters/aws/s3-errors.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";

const REF = { bucket: "logs", key: "a" };

// What S3 itself answers is in test/integration/faults/s3.test.ts.
describe("what the SDK refuses before anything is sent", () => {
  it("names the setting when there is no region", async () => {
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
    for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) delete process.env[name];
    process.env["AWS_CONFIG_FILE"] = "/nowhere";
    try {
      const client = createS3Client({ pathStyle: true, endpoint: "http://127.0.0.1:9" });
      await assert.rejects(createS3ObjectStore(client, { clock: systemClock }).getBytes(REF), (error) => {
        assert.ok(isRouterError(error, "CONFIG_INVALID") && !error.retryable, String(error));
        assert.match(error.message, /s3:\/\/logs\/a: no AWS region is known: set aws\.region, AWS_REGION/);
        return true;
      });
    } finally {
      delete process.env["AWS_CONFIG_FILE"];
      Object.assign(process.env, AWS_REGION === undefined ? {} : { AWS_REGION });
      Object.assign(process.env, AWS_DEFAULT_REGION === undefined ? {} : { AWS_DEFAULT_REGION });
    }
  });

  it("is no entry of a table because it is called like a member of every object", () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      const odd = Object.assign(new Error(name), { name });
      assert.ok(isRouterError(s3Error("reading", REF, odd), "OBJECT_STORE_FAILED"), name);
    }
  });

  it("is ABORTED when the caller was stopped", () => {
    const aborted = Object.assign(new Error("Request aborted"), { name: "AbortError" });
    assert.ok(isRouterError(s3Error("reading", REF, aborted), "ABORTED"));
  });
});
