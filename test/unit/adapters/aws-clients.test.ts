import assert from "node:assert/strict";
import { awsClients } from "../../../shared/adapters/aws/aws-clients.ts";

const of = (env: Record<string, string>, region?: string) => awsClients({ region, env });
const REGION = { AWS_REGION: "eu-west-1" };

describe("clients of AWS from the environment", () => {
  for (const [what, env, inPath] of [
    ["no endpoint", {}, false],
    ["an endpoint of S3's own", { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:4566" }, true],
    ["one endpoint for all", { AWS_ENDPOINT_URL: "http://localhost:4566/" }, true],
    ["Amazon's endpoint", { AWS_ENDPOINT_URL_S3: "https://s3.eu-west-1.amazonaws.com" }, false],
    ["Amazon's endpoint in China", { AWS_ENDPOINT_URL_S3: "https://s3.cn-north-1.amazonaws.com.cn/" }, false],
    [
      "another's endpoint that looks like Amazon's",
      { AWS_ENDPOINT_URL_S3: "https://amazonaws.com.example.org" },
      true,
    ],
  ] as const)
    it(`${inPath ? "put" : "do not put"} the bucket into the path with ${what}`, () => {
      using clients = of({ ...REGION, ...env });

      assert.equal(clients.s3().config.forcePathStyle, inPath);
    });

  it("take each service's own endpoint before the one for all", async () => {
    using clients = of({
      ...REGION,
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:2",
      AWS_ENDPOINT_URL_REDSHIFT_DATA: "http://127.0.0.1:3",
    });

    const ports = await Promise.all(
      [clients.s3(), clients.sqs(), clients.redshiftData()].map(
        async ({ config }) => (await config.endpoint!()).port,
      ),
    );
    assert.deepEqual(ports, [1, 2, 3]);
  });

  it("take the configured region before the environment's, and are each made once", async () => {
    using clients = of(REGION, "us-east-2");

    assert.equal(await clients.s3().config.region(), "us-east-2");
    assert.equal(await clients.sqs().config.region(), "us-east-2");
    assert.equal(clients.s3(), clients.s3());
    await clients.requireRegion();
  });
});
