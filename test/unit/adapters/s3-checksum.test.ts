import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { checksumOf } from "../../../shared/adapters/aws/s3-checksum.ts";

const BODY = Buffer.from("123456789");
const digest = (name: string): string => createHash(name).update(BODY).digest("base64");
const MD5 = createHash("md5").update(BODY).digest("hex");

const answer = (over: Partial<GetObjectCommandOutput>): GetObjectCommandOutput => ({
  $metadata: {},
  ...over,
});

async function check(over: Partial<GetObjectCommandOutput>, body: Uint8Array): Promise<string | undefined> {
  const checksum = checksumOf(answer(over))!;
  for (const byte of body) checksum.update(Uint8Array.of(byte));
  return checksum.mismatch();
}

describe("checksums of S3's objects", () => {
  // CRC values of "123456789" as the catalogue of parametrised CRC algorithms has them.
  for (const [name, over] of [
    ["SHA-256", { ChecksumSHA256: digest("sha256") }],
    ["CRC64NVME", { ChecksumCRC64NVME: Buffer.from("ae8b14860a799888", "hex").toString("base64") }],
    ["CRC32", { ChecksumCRC32: Buffer.from("cbf43926", "hex").toString("base64") }],
    ["SHA-1", { ChecksumSHA1: digest("sha1") }],
    ["MD5", { ETag: `"${MD5}"` }],
  ] as const)
    it(`${name} holds for the stored bytes and for no others`, async () => {
      assert.equal(await check(over, BODY), undefined);
      assert.match((await check(over, Buffer.from("123456788")))!, new RegExp(`^${name} .+ where S3 has `));
      assert.match((await check(over, BODY.subarray(0, 8)))!, /where S3 has/);
    });

  it("takes the strongest that there is", async () => {
    const wrong = { ChecksumCRC32: "AAAAAA==", ETag: `"${"0".repeat(32)}"` };

    assert.equal(await check({ ...wrong, ChecksumSHA256: digest("sha256") }, BODY), undefined);
  });

  for (const [what, over] of [
    [
      "of parts, which are not of the whole",
      { ChecksumType: "COMPOSITE", ChecksumSHA256: `${digest("sha256")}-2`, ETag: `"${MD5}-2"` },
    ],
    ["that are ETags of several parts", { ETag: `"${MD5}-448"` }],
    ["that are ETags of objects encrypted by KMS", { ETag: `"${MD5}"`, ServerSideEncryption: "aws:kms" }],
    [
      "that are ETags of objects encrypted twice by KMS",
      { ETag: `"${MD5}"`, ServerSideEncryption: "aws:kms:dsse" },
    ],
    [
      "that are ETags of objects encrypted by the customer's key",
      { ETag: `"${MD5}"`, SSECustomerAlgorithm: "AES256" },
    ],
    ["where there are none", {}],
  ] as const)
    it(`takes none ${what}`, () => {
      assert.equal(checksumOf(answer(over)), undefined);
    });
});
