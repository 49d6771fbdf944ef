// The suite on the account that the environment names: make test-aws.
import { openRealAccount } from "./account.ts";
import { readRealSettings } from "./settings.ts";
import { realAwsSuite } from "./suite.ts";

const settings = readRealSettings(process.env);

realAwsSuite(`${settings.warehouse} and s3://${settings.bucket}`, async () => openRealAccount(settings), {
  keep: process.env["LOG_ROUTER_TEST_KEEP"] === "1",
  seconds: 300,
  onNotes(notes) {
    for (const note of notes) process.stdout.write(`    observed: ${note}\n`);
  },
});
