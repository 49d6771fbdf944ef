// The S3 adapter through a proxy that loses, cuts, refuses and changes what goes through it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { createS3Client } from "../../../shared/adapters/aws/clients.ts";
import { createS3ObjectStore } from "../../../shared/adapters/aws/s3-object-store.ts";
import { isRouterError, type ErrorCode } from "../../../shared/errors/router-error.ts";
import type { Clock } from "../../../shared/ports/clock.ts";
import type { ObjectStore } from "../../../shared/ports/object-store.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { emulatorsUnderTest, newBucket, runningEmulator } from "../../helpers/emulators.ts";
import { s3Refusal, startFaultProxy, type FaultProxy } from "../../helpers/fault-proxy.ts";

/** Waits a hundredth of the time. */
const hasty: Clock = {
  ...systemClock,
  now: () => new Date(),
  sleep: (ms, signal) => sleep(ms / 100, undefined, { signal }),
};
const BODY = randomBytes(3_000_000);

const [name] = emulatorsUnderTest();
if (name === undefined) it("S3 faults: not run, because there is no python3 to start an emulator");
else
  describe("S3 through a faulty network", function () {
    this.timeout(60_000);
    let proxy: FaultProxy;
    let client: S3Client;
    let store: ObjectStore;
    let bucket: string;
    let keys = 0;
    before(async () => {
      const running = await runningEmulator(name);
      bucket = await newBucket(running);
      proxy = await startFaultProxy(running.emulator.endpoint);
      client = createS3Client({
        endpoint: proxy.endpoint,
        region: running.emulator.region,
        pathStyle: true,
        maxAttempts: 4,
        silenceMs: 500,
      });
      store = createS3ObjectStore(client, { clock: hasty, resumeAttempts: 3, partBytes: 5 * 1024 * 1024 });
    });
    after(async () => {
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    });
    afterEach(() => proxy.clear());

    async function stored(body: Uint8Array = BODY): Promise<{ bucket: string; key: string }> {
      const ref = { bucket, key: `object-${(keys += 1)}` };
      await store.put(ref, body);
      return ref;
    }
    const is = (method: string) => (request: { method: string }) => request.method === method;
    const fails = (code: ErrorCode, retryable: boolean) => (error: unknown) => {
      assert.ok(isRouterError(error, code), `${String(error)} is not ${code}`);
      assert.equal(error.retryable, retryable);
      return true;
    };

    describe("reading", () => {
      it("goes on by Range, for the same ETag, wherever the connection breaks", async () => {
        const ref = await stored();
        const before = proxy.requests.length;
        for (const afterBytes of [1_000_000, 1, 70_000])
          proxy.arm({ effect: { kind: "reset-in-body", afterBytes }, match: is("GET") });

        const bytes = await store.getBytes(ref);

        assert.ok(Buffer.from(bytes).equals(BODY));
        const gets = proxy.requests.slice(before);
        assert.equal(gets.length, 4);
        assert.equal(gets[0]!.headers["range"], undefined);
        for (const get of gets.slice(1)) {
          assert.match(String(get.headers["range"]), /^bytes=\d+-$/);
          assert.match(String(get.headers["if-match"]), /^"[0-9a-f]{32}"$/);
        }
      });

      it("goes on by Range when the body stops coming", async () => {
        const ref = await stored();
        proxy.arm({ effect: { kind: "stall-in-body", afterBytes: 1_500_000 }, match: is("GET") });

        assert.ok(Buffer.from(await store.getBytes(ref)).equals(BODY));
      });

      it("gives up when several connections in a row bring nothing new", async () => {
        const ref = await stored();
        proxy.arm({ effect: { kind: "reset-in-body", afterBytes: 0 }, match: is("GET"), times: 100 });

        await assert.rejects(store.getBytes(ref), fails("OBJECT_STORE_FAILED", true));
      });

      it("fails when the object was overwritten between two connections", async () => {
        const ref = await stored();
        proxy.arm({ effect: { kind: "reset-in-body", afterBytes: 500_000 }, match: is("GET") });
        proxy.arm({
          effect: { kind: "delay", ms: 0 },
          match: (request) => request.headers["range"] !== undefined,
          meanwhile: async () => void (await store.put(ref, randomBytes(3_000_000))),
        });

        await assert.rejects(store.getBytes(ref), fails("OBJECT_CHANGED", true));
      });

      it("fails when a bit of the body is another on arrival", async () => {
        const ref = await stored();
        proxy.arm({
          effect: {
            kind: "change-answer",
            change(answer) {
              const body = Buffer.from(answer.body);
              body[1_234_567]! ^= 1;
              return { ...answer, body };
            },
          },
          match: is("GET"),
        });

        await assert.rejects(store.getBytes(ref), fails("OBJECT_CHANGED", true));
      });

      it("waits out SlowDown, 500 and lost connections", async () => {
        const ref = await stored(Buffer.from("small"));
        for (const effect of [
          s3Refusal(503, "SlowDown"),
          s3Refusal(500, "InternalError"),
          { kind: "lose-request" },
        ] as const) {
          proxy.arm({ effect, times: 2 });
          assert.equal(Buffer.from(await store.getBytes(ref)).toString(), "small");
        }
      });

      it("is a retryable failure when SlowDown does not end", async () => {
        const ref = await stored(Buffer.from("small"));
        proxy.arm({ effect: s3Refusal(503, "SlowDown"), times: 100 });

        await assert.rejects(store.getBytes(ref), fails("OBJECT_STORE_FAILED", true));
      });

      it("asks again when no answer comes", async () => {
        const ref = await stored(Buffer.from("small"));
        proxy.arm({ effect: { kind: "hang", afterServer: false }, match: is("GET") });

        assert.equal(Buffer.from(await store.getBytes(ref)).toString(), "small");
      });
    });

    describe("writing", () => {
      for (const [what, effect, created] of [
        ["the request was lost", { kind: "lose-request" }, true],
        ["no answer came and nothing was done", { kind: "hang", afterServer: false }, true],
        ["the answer was lost", { kind: "lose-answer" }, false],
        ["no answer came although it was done", { kind: "hang", afterServer: true }, false],
      ] as const)
        it(`if absent, when ${what}: the object is there once, with our bytes`, async () => {
          const ref = { bucket, key: `object-${(keys += 1)}` };
          proxy.arm({ effect, match: is("PUT") });

          const result = await store.put(ref, Buffer.from("ours"), { ifAbsent: true });

          // After a lost answer the second try finds the first one's object: whoever puts has to read who won.
          assert.equal(result.created, created);
          assert.equal(Buffer.from(await store.getBytes(ref)).toString(), "ours");
          assert.equal((await store.put(ref, Buffer.from("theirs"), { ifAbsent: true })).created, false);
          assert.equal(Buffer.from(await store.getBytes(ref)).toString(), "ours");
        });

      it("if absent tries again after a 409, and says that the key is taken after a 412", async () => {
        const ref = { bucket, key: `object-${(keys += 1)}` };
        proxy.arm({ effect: s3Refusal(409, "ConditionalRequestConflict"), match: is("PUT"), times: 2 });

        assert.equal((await store.put(ref, Buffer.from("x"), { ifAbsent: true })).created, true);
        assert.equal((await store.put(ref, Buffer.from("y"), { ifAbsent: true })).created, false);
      });

      it("a stream in parts survives lost parts and answers", async () => {
        const ref = { bucket, key: `object-${(keys += 1)}` };
        const big = randomBytes(12_000_000);
        const part = (request: { method: string; url: string }) =>
          request.method === "PUT" && request.url.includes("partNumber");
        proxy.arm({ effect: { kind: "lose-request" }, match: part });
        proxy.arm({ effect: { kind: "lose-answer" }, match: part });
        proxy.arm({ effect: s3Refusal(503, "SlowDown"), match: part });
        async function* chunks() {
          for (let at = 0; at < big.byteLength; at += 1_000_000) yield big.subarray(at, at + 1_000_000);
        }

        const result = await store.put(ref, chunks());

        assert.equal(result.bytes, big.byteLength);
        assert.ok(Buffer.from(await store.getBytes(ref)).equals(big));
      });
    });

    describe("refusals have codes of their own", () => {
      const cases: readonly (readonly [number, string, ErrorCode, boolean])[] = [
        [301, "PermanentRedirect", "WRONG_REGION", false],
        [400, "AuthorizationHeaderMalformed", "WRONG_REGION", false],
        [400, "IllegalLocationConstraintException", "WRONG_REGION", false],
        [307, "TemporaryRedirect", "WRONG_REGION", true],
        [403, "AccessDenied", "ACCESS_DENIED", true],
        [403, "SignatureDoesNotMatch", "ACCESS_DENIED", true],
        [403, "InvalidAccessKeyId", "ACCESS_DENIED", true],
        [400, "ExpiredToken", "ACCESS_DENIED", true],
        [403, "InvalidObjectState", "OBJECT_ARCHIVED", true],
        [404, "NoSuchKey", "OBJECT_GONE", false],
        [404, "NoSuchVersion", "OBJECT_GONE", false],
        [404, "NoSuchBucket", "OBJECT_STORE_FAILED", false],
        [412, "PreconditionFailed", "OBJECT_CHANGED", true],
      ];
      for (const [status, code, expected, retryable] of cases)
        it(`${status} ${code} is ${expected}`, async () => {
          proxy.arm({ effect: s3Refusal(status, code), times: 10 });

          await assert.rejects(store.getBytes({ bucket, key: "any" }), (error) => {
            fails(expected, retryable)(error);
            assert.match((error as Error).message, new RegExp(`s3://${bucket}/any`));
            return true;
          });
        });

      for (const [status, expected] of [
        [301, "WRONG_REGION"],
        [403, "ACCESS_DENIED"],
      ] as const)
        it(`a HEAD's ${status}, which has no body, is ${expected}`, async () => {
          proxy.arm({ effect: { kind: "answer", status }, times: 10 });

          await assert.rejects(
            store.head({ bucket, key: "any" }),
            fails(expected, expected === "ACCESS_DENIED"),
          );
        });

      const elsewhere = { "x-amz-bucket-region": "ap-south-2" };
      for (const [status, retryable] of [
        [301, false],
        [400, false],
        [307, true],
      ] as const)
        // prettier-ignore
        it(`a HEAD's ${status} with the bucket's region names bucket, regions and the fix`, async () => {
          proxy.arm({ effect: { kind: "answer", status, headers: elsewhere }, times: 10 });

          await assert.rejects(store.head({ bucket, key: "any" }), (error) => {
            fails("WRONG_REGION", retryable)(error);
            const { message } = error as Error;
            assert.ok(message.includes(`s3://${bucket}/any: the bucket ${bucket} is in ap-south-2,`), message);
            assert.match(message, /works in eu-west-1: set aws\.region \(or AWS_REGION\) to ap-south-2/);
            return true;
          });
        });

      it("a read, a write and a listing name the bucket's region too", async () => {
        const ref = { bucket, key: "any" };
        const named = (error: unknown) => {
          fails("WRONG_REGION", false)(error);
          return /is in ap-south-2/.test(String(error));
        };
        for (const code of ["AuthorizationHeaderMalformed", "PermanentRedirect"]) {
          proxy.arm({
            effect: s3Refusal(code === "PermanentRedirect" ? 301 : 400, code, elsewhere),
            times: 3,
          });
          await assert.rejects(store.getBytes(ref), named);
          await assert.rejects(store.put(ref, Buffer.from("x")), named);
          await assert.rejects(Array.fromAsync(store.list(bucket, "")), named);
        }
      });

      it("a HEAD's 400 from the right region is no wrong region: an expired token looks like that", async () => {
        const headers = { "x-amz-bucket-region": "eu-west-1" };
        proxy.arm({ effect: { kind: "answer", status: 400, headers }, times: 10 });

        await assert.rejects(store.head({ bucket, key: "any" }), fails("OBJECT_STORE_FAILED", true));
      });

      it("a refused write and a refused list have them too", async () => {
        proxy.arm({ effect: s3Refusal(403, "AccessDenied"), times: 2 });

        await assert.rejects(
          store.put({ bucket, key: "any" }, Buffer.from("x")),
          fails("ACCESS_DENIED", true),
        );
        await assert.rejects(Array.fromAsync(store.list(bucket, "")), fails("ACCESS_DENIED", true));
      });
    });
  });
