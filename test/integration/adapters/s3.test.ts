// The S3 adapter on the emulators: what the port's contract does not say, because it is S3's own: versions, and parts of a write.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { PutBucketVersioningCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { createS3Client } from "../../../shared/adapters/aws/clients.ts";
import { createS3ObjectStore } from "../../../shared/adapters/aws/s3-object-store.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../../shared/ports/object-store.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { emulatorsUnderTest, newBucket, runningEmulator } from "../../helpers/emulators.ts";
import { startFaultProxy, type FaultProxy } from "../../helpers/fault-proxy.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const MIB = 1024 * 1024;
const PART_BYTES = 5 * MIB;

for (const name of emulatorsUnderTest()) {
  describe(`S3 on ${name}`, function () {
    this.timeout(60_000);
    let proxy: FaultProxy;
    let client: S3Client;
    let store: ObjectStore;
    let bucket: string;

    before(async () => {
      const running = await runningEmulator(name);
      bucket = await newBucket(running);
      proxy = await startFaultProxy(running.emulator.endpoint);
      const { region } = running.emulator;
      client = createS3Client({ endpoint: proxy.endpoint, region, pathStyle: true });
      store = createS3ObjectStore(client, { clock: systemClock, partBytes: PART_BYTES, partsInFlight: 2 });
    });
    after(async () => {
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    });
    afterEach(() => proxy.clear());

    describe("versions", () => {
      before(() =>
        client.send(
          new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: "Enabled" } }),
        ),
      );

      async function twoVersions(bytes: number) {
        const key = `versions/${randomBytes(6).toString("hex")}`;
        const bodies = [randomBytes(bytes), randomBytes(bytes)];
        const ids: string[] = [];
        for (const Body of bodies) {
          const put = await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body }));
          ids.push(put.VersionId!);
        }
        return { key, bodies, ids };
      }

      it("that a notification names are read, each with its own ETag, whatever came after them", async () => {
        const { key, bodies, ids } = await twoVersions(1000);
        for (const [at, versionId] of ids.entries()) {
          const read = await store.get({ bucket, key, versionId });
          const bytes = Buffer.concat(await Array.fromAsync(read.body));
          const head = await store.head({ bucket, key, versionId });

          assert.ok(bytes.equals(bodies[at]!));
          assert.deepEqual([read.versionId, read.etag], [versionId, head?.etag]);
        }
        assert.ok(Buffer.from(await store.getBytes({ bucket, key })).equals(bodies[1]!));
      });

      // Without a version in the message too: the first answer says which one it is.
      for (const how of ["that a notification names", "that the first answer names"])
        it(`${how} go on being read after broken connections, although the object was overwritten`, async () => {
          const { key, bodies, ids } = await twoVersions(2_000_000);
          const at = how.startsWith("that a") ? 0 : 1;
          const from = proxy.requests.length;
          for (const afterBytes of [700_000, 100_000])
            proxy.arm({
              effect: { kind: "reset-in-body", afterBytes },
              match: ({ method }) => method === "GET",
            });

          const read = await store.get({ bucket, key, ...(at === 0 ? { versionId: ids[0]! } : {}) });
          await store.put({ bucket, key }, randomBytes(2_000_000));
          const bytes = Buffer.concat(await Array.fromAsync(read.body));

          assert.ok(bytes.equals(bodies[at]!));
          const ranges = proxy.requests.slice(from).filter(({ headers }) => headers["range"] !== undefined);
          assert.ok(ranges.length >= 2);
          for (const { url } of ranges)
            assert.ok(url.includes(`versionId=${encodeURIComponent(ids[at]!)}`), url);
        });

      it("that are gone are OBJECT_GONE", async () => {
        const { key, ids } = await twoVersions(10);
        await store.delete({ bucket, key, versionId: ids[0]! });

        await assert.rejects(store.getBytes({ bucket, key, versionId: ids[0]! }), (error) =>
          isRouterError(error, "OBJECT_GONE"),
        );
        assert.equal((await store.getBytes({ bucket, key, versionId: ids[1]! })).length, 10);
      });
    });

    it("a write takes no more from its source than the parts in flight, however slow S3 is, and leaves none behind", async () => {
      let taken = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          taken += MIB;
          yield new Uint8Array(MIB);
        }
      }
      const isPart = ({ method, url }: { method: string; url: string }) =>
        method === "PUT" && url.includes("partNumber");
      const from = proxy.requests.length;
      const parts = () => proxy.requests.slice(from).filter(isPart).length;
      const mayGo = Promise.withResolvers<void>();
      const slow = { kind: "delay", ms: 0 } as const;
      proxy.arm({ effect: slow, match: isPart, times: Infinity, meanwhile: () => mayGo.promise });
      const stop = new AbortController();
      const key = "endless";

      const writing = store.put({ bucket, key }, endless(), { signal: stop.signal });
      const failed = assert.rejects(writing);
      await waitFor("two parts under way", () => parts() === 2);
      for (let turns = 0; turns < 1000; turns++) await turn();

      // Those in flight, the next one being filled, and what streams hold in between.
      assert.ok(taken <= 4 * PART_BYTES, `${taken / MIB} MiB taken`);
      assert.equal(parts(), 2);
      stop.abort();
      await failed;
      mayGo.resolve();
      assert.equal(await store.head({ bucket, key }), undefined);
      await waitFor("the upload to be given up", () =>
        proxy.requests.slice(from).some(({ method, url }) => method === "DELETE" && url.includes("uploadId")),
      );
    });
  });
}
