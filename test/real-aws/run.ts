// `make test-aws [ARGS="--keep | --clean"]`: the suite on the account that the environment names. Without --keep nothing is left in the account;
// --clean removes what a run that was killed, or kept, has left, and runs nothing.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isRouterError } from "../../shared/errors/router-error.ts";
import { openRealAccount } from "./account.ts";
import { readRealSettings } from "./settings.ts";
import { removeTrial } from "./trial.ts";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      keep: { type: "boolean", default: false },
      clean: { type: "boolean", default: false },
    },
  });
  const settings = readRealSettings(process.env);
  if (values.clean) {
    await using account = openRealAccount(settings);
    await removeTrial(account);
    process.stdout.write(
      `nothing of the suite is left in ${settings.warehouse} and s3://${settings.bucket}\n`,
    );
    return 0;
  }
  const root = join(import.meta.dirname, "..", "..");
  const { status } = spawnSync(
    join(root, "node_modules", ".bin", "mocha"),
    ["--reporter", "spec", "test/real-aws/aws.test.ts"],
    {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, LOG_ROUTER_TEST_KEEP: values.keep ? "1" : "" },
    },
  );
  return status ?? 1;
}

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    const isTold = isRouterError(error) || (error instanceof TypeError && "code" in error);
    process.stderr.write(`${isTold ? (error as Error).message : String((error as Error).stack)}\n`);
    process.exitCode = 2;
  },
);
