import assert from "node:assert/strict";
import { listS3, partPaths } from "../../../cli/compose/list-s3.ts";
import { isS3Path, parseS3Path, sourceName } from "../../../cli/compose/s3-path.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";

describe("parseS3Path", () => {
  it("keeps the prefix as it is", () => {
    for (const prefix of ["", "raw/", "a b+c%20é/*?[x]", "/lead", "#frag?query=1", "nl\nx"]) {
      assert.deepEqual(parseS3Path(`s3://my-logs/${prefix}`), { bucket: "my-logs", prefix });
    }
    assert.deepEqual(parseS3Path("s3://my-logs"), { bucket: "my-logs", prefix: "" });
  });

  it("refuses what names no bucket, and the names of the embedded default's buckets", () => {
    for (const text of [
      "s3://",
      "s3:///x",
      "s3://UPPER/x",
      "s3://a/x",
      "s3://local/x",
      "s3://routed",
      "s3://a_b/x",
    ]) {
      assert.ok(isS3Path(text));
      assert.throws(
        () => parseS3Path(text),
        (error) => isRouterError(error, "USAGE"),
        text,
      );
    }
  });

  it("tells places on S3 from files", () => {
    assert.deepEqual(partPaths(["./s3", "s3://b1x/a", "S3://b2x", "s3:/x", "/x"]), {
      s3: ["s3://b1x/a", "S3://b2x"],
      local: ["./s3", "s3:/x", "/x"],
    });
    assert.equal(sourceName("local", "/a b"), "/a b");
    assert.equal(sourceName("bkt", "a b"), "s3://bkt/a b");
  });
});

describe("listS3", () => {
  it("gives every object but folders and the routed bucket's own", async () => {
    const store = new MemoryObjectStore();
    const keys = [
      "raw/",
      "raw/a",
      "raw/full/",
      "parts/x",
      "receipts/y",
      "shapes/z",
      "quarantine/q",
      "loads/l",
    ];
    for (const key of keys) {
      await store.put(
        { bucket: "src", key },
        Buffer.from(key === "raw/full/" ? "x" : key === "raw/" ? "" : "y"),
      );
    }
    const list = async (routedBucket: string, ...paths: string[]): Promise<string[]> =>
      (await Array.fromAsync(listS3({ store, routedBucket }, paths))).map(({ key }) => key);

    assert.deepEqual(await list("src", "s3://src"), ["raw/a", "raw/full/"]);
    assert.deepEqual(await list("other", "s3://src/parts", "s3://src/raw/a"), ["parts/x", "raw/a"]);
    await assert.rejects(list("other", "s3://src/none"), (error) => isRouterError(error, "USAGE"));
  });
});
