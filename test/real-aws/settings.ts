// What the suite for a real account is told, from the environment. Everything that is missing or wrong is said at once.
import { RouterError, isRouterError } from "../../shared/errors/router-error.ts";
import type { DataApiTarget } from "../../shared/warehouse/redshift/data-api.ts";
import { parseRedshiftTarget } from "../../shared/warehouse/redshift/target.ts";

export interface RealSettings {
  readonly target: DataApiTarget;
  /** `redshift:WORKGROUP/DATABASE` or `redshift-cluster:CLUSTER/DATABASE`. */
  readonly warehouse: string;
  /** For tests alone: the suite writes to it and empties it. */
  readonly bucket: string;
  /** That COPY reads the bucket with: an ARN, or `default`. */
  readonly iamRole: string;
  readonly region: string;
  readonly dbUser?: string;
  readonly secretArn?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const ROLE = /^default$|^arn:aws[\w-]*:iam::\d{12}:role\/\S+$/;

/** Throws USAGE, naming all variables that are missing or wrong. */
export function readRealSettings(env: Environment): RealSettings {
  const problems: string[] = [];
  const say = (name: string, what: string): undefined => void problems.push(`  ${name}  ${what}`);
  const of = (name: string): string | undefined => env[name] || undefined;
  const dbUser = of("LOG_ROUTER_TEST_DB_USER");
  const secretArn = of("LOG_ROUTER_TEST_SECRET_ARN");
  const warehouse = warehouseOf(of("LOG_ROUTER_TEST_REDSHIFT") ?? "");
  const target = targetOf(warehouse, { db_user: dbUser, secret_arn: secretArn }, say);
  const bucket = of("LOG_ROUTER_TEST_BUCKET") ?? "";
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    say(
      "LOG_ROUTER_TEST_BUCKET",
      bucket === "" ? "a bucket for tests alone, in the warehouse's region" : `${bucket} names no bucket`,
    );
  const iamRole = of("LOG_ROUTER_TEST_IAM_ROLE") ?? "default";
  if (!ROLE.test(iamRole))
    say("LOG_ROUTER_TEST_IAM_ROLE", `${iamRole} is no role: an ARN, or default (which it is when not set)`);
  const region = of("AWS_REGION") ?? of("AWS_DEFAULT_REGION") ?? "";
  if (region === "") say("AWS_REGION", "the region of both");
  if (problems.length > 0 || target === undefined)
    throw new RouterError(
      "USAGE",
      `the suite for a real AWS account needs, in the environment:\n${problems.join("\n")}\nIt costs well under one USD and cleans up after itself. How to prepare the account: docs/real-aws.md`,
    );
  return {
    target,
    warehouse,
    bucket,
    iamRole,
    region,
    ...(dbUser === undefined ? {} : { dbUser }),
    ...(secretArn === undefined ? {} : { secretArn }),
  };
}

/** WORKGROUP/DATABASE is enough. */
function warehouseOf(text: string): string {
  return text === "" || /^redshift(-cluster)?:/.test(text) ? text : `redshift:${text}`;
}

function targetOf(
  warehouse: string,
  login: { readonly db_user: string | undefined; readonly secret_arn: string | undefined },
  say: (name: string, what: string) => undefined,
): DataApiTarget | undefined {
  if (warehouse === "")
    return say("LOG_ROUTER_TEST_REDSHIFT", "WORKGROUP/DATABASE, or redshift-cluster:CLUSTER/DATABASE");
  try {
    return parseRedshiftTarget(warehouse, login);
  } catch (error) {
    if (!isRouterError(error, "CONFIG_INVALID")) throw error;
    return say("LOG_ROUTER_TEST_REDSHIFT", error.message);
  }
}
