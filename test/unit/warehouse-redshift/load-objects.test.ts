import assert from "node:assert/strict";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import { LoadObjects } from "../../../shared/warehouse/redshift/load-objects.ts";

describe("the objects of an attempt at a load", () => {
  it("name every file in the manifest, whole keys, each mandatory: one that is missing fails the load", async () => {
    const store = new MemoryObjectStore();
    const objects = new LoadObjects(store, "routed", "batch-1");
    const files = [{ key: "parts/a/1.ndjson.zst", bytes: 7 }, { key: "parts/b/2.ndjson.gz" }];

    const key = await objects.putManifest("manifest-0.json", "routed", files);

    assert.equal(key, `loads/batch-1/${objects.attempt}/manifest-0.json`);
    const manifest: unknown = JSON.parse(
      Buffer.from(await store.getBytes({ bucket: "routed", key })).toString(),
    );
    assert.deepEqual(manifest, {
      entries: [
        { url: "s3://routed/parts/a/1.ndjson.zst", mandatory: true, meta: { content_length: 7 } },
        { url: "s3://routed/parts/b/2.ndjson.gz", mandatory: true },
      ],
    });
  });

  it("have keys of their own for each attempt, of plain characters whatever the batch is called", async () => {
    const store = new MemoryObjectStore();
    const [one, two] = [1, 2].map(() => new LoadObjects(store, "routed", "../a b'c"));
    await one!.putLines("units.ndjson", [{ a: 1 }, { a: "x\ny" }]);
    await two!.putJson("jsonpaths-0.json", { jsonpaths: ["$['a']"] });

    assert.equal(store.keys("routed").length, 2);
    for (const key of store.keys("routed"))
      assert.match(key, /^loads\/[A-Za-z0-9_-]+\/[0-9a-f]{16}\/[a-z0-9.-]+$/);
    assert.equal(
      Buffer.from(
        await store.getBytes({
          bucket: "routed",
          key: store.keys("routed").find((key) => key.includes("units"))!,
        }),
      ).toString(),
      '{"a":1}\n{"a":"x\\ny"}\n',
    );

    await one!.remove();
    assert.deepEqual(
      store.keys("routed").map((key) => key.split("/").at(-1)),
      ["jsonpaths-0.json"],
    );
  });
});
