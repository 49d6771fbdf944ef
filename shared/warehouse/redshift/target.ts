// `redshift:WORKGROUP/DATABASE` (Serverless) and `redshift-cluster:CLUSTER/DATABASE` (provisioned), as --warehouse says it.
import { RouterError } from "../../errors/router-error.ts";
import type { DataApiTarget } from "./data-api.ts";

/** Who the Data API logs in as, from the configuration section `redshift`. */
export interface RedshiftLogin {
  readonly db_user?: string | undefined;
  readonly secret_arn?: string | undefined;
}

const TARGET = /^(redshift|redshift-cluster):([^/]+)\/([^/]+)$/;
const WORKGROUP = /^[a-z0-9-]{3,64}$|^arn:aws[\w-]*:redshift-serverless:/;
const CLUSTER = /^[a-z][a-z0-9-]{0,62}$/;

/** True when the text names a Redshift warehouse, rightly or wrongly. */
export function isRedshiftTarget(text: string): boolean {
  return /^redshift(-cluster)?:/.test(text);
}

/** Throws CONFIG_INVALID, saying what is wrong, for anything but the two forms. */
export function parseRedshiftTarget(text: string, login: RedshiftLogin = {}): DataApiTarget {
  // The ARN of a workgroup has slashes of its own: the database stands behind the last one.
  const arn = /^redshift:(arn:.+)\/([^/]+)$/.exec(text);
  const [, kind, name, database] = arn ? [text, "redshift", arn[1]!, arn[2]!] : (TARGET.exec(text) ?? []);
  if (kind === undefined || name === undefined || database === undefined)
    throw wrong(text, "it is redshift:WORKGROUP/DATABASE or redshift-cluster:CLUSTER/DATABASE");
  if (kind === "redshift" && !WORKGROUP.test(name)) throw wrong(text, `${name} is no name of a workgroup`);
  if (kind !== "redshift" && !CLUSTER.test(name)) throw wrong(text, `${name} is no identifier of a cluster`);
  const { db_user: dbUser, secret_arn: secretArn } = login;
  if (kind === "redshift" && dbUser !== undefined)
    throw wrong(
      text,
      "redshift.db_user is for provisioned clusters; a workgroup takes the IAM identity or redshift.secret_arn",
    );
  if (dbUser !== undefined && secretArn !== undefined)
    throw wrong(text, "redshift.db_user and redshift.secret_arn exclude each other");
  return {
    ...(kind === "redshift" ? { workgroup: name } : { cluster: name }),
    database,
    ...(dbUser === undefined ? {} : { dbUser }),
    ...(secretArn === undefined ? {} : { secretArn }),
  };
}

function wrong(text: string, why: string): RouterError {
  return new RouterError("CONFIG_INVALID", `warehouse ${text}: ${why}`, { details: { warehouse: text } });
}
