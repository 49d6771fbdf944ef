import assert from "node:assert/strict";
import { isRedshiftTarget, parseRedshiftTarget } from "../../../shared/warehouse/redshift/target.ts";

describe("parseRedshiftTarget", () => {
  it("takes workgroups, clusters and ARNs of workgroups", () => {
    assert.deepEqual(parseRedshiftTarget("redshift:my-group/dev"), {
      workgroup: "my-group",
      database: "dev",
    });
    assert.deepEqual(parseRedshiftTarget("redshift-cluster:c1/dev", { db_user: "loader" }), {
      cluster: "c1",
      database: "dev",
      dbUser: "loader",
    });
    const arn = "arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/0a1b";
    assert.deepEqual(parseRedshiftTarget(`redshift:${arn}/dev`, { secret_arn: "arn:x" }), {
      workgroup: arn,
      database: "dev",
      secretArn: "arn:x",
    });
  });

  for (const [text, login] of [
    ["redshift:group", {}],
    ["redshift:/dev", {}],
    ["redshift:group/", {}],
    ["redshift:a/b/c", {}],
    ["redshift:ab/dev", {}],
    ["redshift:Group/dev", {}],
    ["redshift-cluster:1c/dev", {}],
    ["duckdb:x", {}],
    ["redshift:group/dev", { db_user: "x" }],
    ["redshift-cluster:c1/dev", { db_user: "x", secret_arn: "y" }],
  ] as const) {
    it(`refuses ${text} ${JSON.stringify(login)}, saying why`, () => {
      assert.throws(() => parseRedshiftTarget(text, login), {
        code: "CONFIG_INVALID",
        message: /^warehouse .+: .+/,
      });
    });
  }

  it("tells Redshift's targets from others", () => {
    assert.deepEqual(["redshift:x", "redshift-cluster:x", "duckdb:redshift:x"].map(isRedshiftTarget), [
      true,
      true,
      false,
    ]);
  });
});
