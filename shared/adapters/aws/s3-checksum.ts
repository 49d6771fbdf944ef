// Checks a body read from S3 against the checksum that S3 holds for the whole object, also when it was read in several ranges
// (the SDK checks only answers that arrive in one piece, so its own check is off).
import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc64Nvme } from "@aws-sdk/crc64-nvme";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";

export interface BodyChecksum {
  update(bytes: Uint8Array): void;
  /** Undefined when all is well, else what was expected and found. */
  mismatch(): Promise<string | undefined>;
}

/** The strongest full-object checksum of the answer, or an MD5 ETag; undefined when there is none (multipart or KMS without checksum). */
export function checksumOf(answer: GetObjectCommandOutput): BodyChecksum | undefined {
  const whole = answer.ChecksumType !== "COMPOSITE";
  if (whole && answer.ChecksumSHA256) return hashed("SHA-256", createHash("sha256"), answer.ChecksumSHA256);
  if (whole && answer.ChecksumCRC64NVME) return crc64(answer.ChecksumCRC64NVME);
  if (whole && answer.ChecksumCRC32) return crc32Sum(answer.ChecksumCRC32);
  if (whole && answer.ChecksumSHA1) return hashed("SHA-1", createHash("sha1"), answer.ChecksumSHA1);
  const md5 = /^"?([0-9a-f]{32})"?$/.exec(answer.ETag ?? "")?.[1];
  const encryptedByKey = answer.ServerSideEncryption?.startsWith("aws:kms") || answer.SSECustomerAlgorithm;
  if (md5 && !encryptedByKey)
    return hashed("MD5", createHash("md5"), Buffer.from(md5, "hex").toString("base64"));
  return undefined;
}

function verdict(name: string, expected: string, found: string): string | undefined {
  return found === expected ? undefined : `${name} ${found} where S3 has ${expected}`;
}

function hashed(name: string, hash: Hash, expected: string): BodyChecksum {
  return {
    update: (bytes) => void hash.update(bytes),
    mismatch: async () => verdict(name, expected, hash.digest("base64")),
  };
}

function crc32Sum(expected: string): BodyChecksum {
  let sum = 0;
  return {
    update: (bytes) => void (sum = crc32(bytes, sum)),
    mismatch: async () => {
      const found = Buffer.alloc(4);
      found.writeUInt32BE(sum);
      return verdict("CRC32", expected, found.toString("base64"));
    },
  };
}

function crc64(expected: string): BodyChecksum {
  const sum = new Crc64Nvme();
  return {
    update: (bytes) => sum.update(bytes),
    mismatch: async () => verdict("CRC64NVME", expected, Buffer.from(await sum.digest()).toString("base64")),
  };
}
