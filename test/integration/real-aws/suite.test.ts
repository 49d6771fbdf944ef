// The suite for a real account, on an emulator and the Redshift stand-in: so that it works when somebody has an account to spend on it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import { createRedshiftDataClient } from "../../../shared/adapters/aws/clients.ts";
import { startOwnStandIn } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest, newBucket, runningEmulator } from "../../helpers/emulators.ts";
import type { Account } from "../../real-aws/account.ts";
import { openTrial, removeTrial } from "../../real-aws/trial.ts";
import { readRealSettings } from "../../real-aws/settings.ts";
import { realAwsSuite } from "../../real-aws/suite.ts";

const TARGET = { workgroup: "test-workgroup", database: "dev" };
const [name] = emulatorsUnderTest();

async function openLocalAccount(): Promise<Account> {
  const running = await runningEmulator(name!);
  const { s3, sqs, emulator } = running;
  const bucket = await newBucket(running);
  const { standIn } = await startOwnStandIn(s3);
  const redshift = createRedshiftDataClient({
    region: emulator.region,
    endpoint: standIn.endpoint,
    pathStyle: true,
  });
  return {
    s3,
    sqs,
    redshift,
    bucket,
    target: TARGET,
    iamRole: "default",
    limiter: (_, call) => call(),
    env: {
      AWS_REGION: emulator.region,
      AWS_ENDPOINT_URL_S3: emulator.endpoint,
      AWS_ENDPOINT_URL_SQS: emulator.endpoint,
      AWS_ENDPOINT_URL_REDSHIFT_DATA: standIn.endpoint,
      LOG_ROUTER_WAREHOUSE: "redshift:test-workgroup/dev",
      LOG_ROUTER_AWS_RECEIVE_WAIT_SECONDS: "1",
      LOG_ROUTER_REDSHIFT_RATE_SHARE: "1",
    },
    async [Symbol.asyncDispose]() {
      redshift.destroy();
      await standIn.stop();
    },
  };
}

async function keysIn({ s3, bucket }: Account): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = "" }) => Key);
}

if (name !== undefined) {
  realAwsSuite(`the suite for a real account, on ${name} and the stand-in`, openLocalAccount, {
    keep: false,
    seconds: 60,
    onNotes: (notes) => assert.ok(notes.length >= 5),
  });

  describe("a run of the suite for a real account", function () {
    this.timeout(60_000);

    it("leaves nothing behind, refuses what is not its own, and is removed by --clean when it was killed", async () => {
      await using account = await openLocalAccount();
      const trial = await openTrial(account);
      await trial.put("something", "x");
      await assert.rejects(openTrial(account), { code: "USAGE", message: /--clean/ });
      const schemas =
        "SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'log_router' OR nspname LIKE 'lr!_test!_%' ESCAPE '!'";
      assert.deepEqual(await trial.rows(schemas), [[2]]);

      await removeTrial(account);

      assert.deepEqual(await keysIn(account), []);
      assert.deepEqual(await trial.rows(schemas), [[0]]);
      const queues = await account.sqs.send(new ListQueuesCommand({ QueueNamePrefix: trial.name }));
      assert.deepEqual(queues.QueueUrls ?? [], []);
    });

    it("touches neither a bucket with receipts nor a ledger that is somebody's", async () => {
      await using account = await openLocalAccount();
      const { s3, bucket } = account;
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "receipts/x/0.json", Body: "{}" }));
      await assert.rejects(openTrial(account), { code: "USAGE", message: /receipts\/ has objects/ });
      await removeTrial(account);
      await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "receipts/x/0.json" }));

      await using other = await openLocalAccount();
      const trial = await openTrial(other);
      await trial.run("DELETE FROM log_router.settings WHERE name = 'made_by_test'");
      const elsewhere = { ...other, bucket: await newBucket(await runningEmulator(name)) };
      await assert.rejects(openTrial(elsewhere), { code: "USAGE", message: /not a test's/ });
      assert.deepEqual(await keysIn(elsewhere), []);
      await removeTrial(other);
      assert.deepEqual(await trial.rows("SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'log_router'"), [
        [1],
      ]);
    });
  });
}

describe("settings of the suite for a real account", () => {
  it("are all named at once when they are missing, by make test-aws too", () => {
    for (const variable of ["LOG_ROUTER_TEST_REDSHIFT", "LOG_ROUTER_TEST_BUCKET", "AWS_REGION"])
      assert.throws(() => readRealSettings({}), { code: "USAGE", message: new RegExp(variable) });
    const program = join(import.meta.dirname, "..", "..", "real-aws", "run.ts");
    const env = { PATH: process.env["PATH"] };
    const run = spawnSync(process.execPath, [program], { env, encoding: "utf8" });
    assert.equal(run.status, 2);
    assert.match(
      run.stderr,
      /^the suite for a real AWS account needs, in the environment:\n {2}LOG_ROUTER_TEST/,
    );
    assert.doesNotMatch(run.stderr, /\n\s+at /);
  });

  it("take a workgroup or a cluster", () => {
    const env = { LOG_ROUTER_TEST_BUCKET: "my-tests", AWS_REGION: "eu-west-1" };
    const of = (warehouse: string) => readRealSettings({ ...env, LOG_ROUTER_TEST_REDSHIFT: warehouse });
    assert.deepEqual(of("wg-1/dev").target, { workgroup: "wg-1", database: "dev" });
    assert.deepEqual(of("redshift-cluster:main/dev").target, { cluster: "main", database: "dev" });
    assert.throws(() => of("UPPER/dev/x"), { code: "USAGE", message: /LOG_ROUTER_TEST_REDSHIFT/ });
  });
});
