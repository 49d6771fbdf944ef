// `s3://bucket/prefix` on the command line, and how sources are named to people.
import { BUCKET_PATTERN } from "../../shared/config/patterns.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { LOCAL_BUCKET, ROUTED_BUCKET } from "../reports/deps.ts";

/** A bucket and what keys start with; an empty prefix is the whole bucket. */
export interface S3Path {
  readonly bucket: string;
  /** As it is in S3, never URL-encoded: keys may have spaces, `+`, `%` and `*`. */
  readonly prefix: string;
}

/** True for what is meant as a place on S3, rightly or wrongly. */
export function isS3Path(text: string): boolean {
  return /^s3:\/\//i.test(text);
}

/** Throws USAGE for a text that names no bucket. A prefix is text, not a folder: `s3://b/2026/1` also names `2026/10/…`. */
export function parseS3Path(text: string): S3Path {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(text) ?? [];
  if (!BUCKET_PATTERN.test(bucket) || bucket === LOCAL_BUCKET || bucket === ROUTED_BUCKET) {
    throw new RouterError(
      "USAGE",
      `${JSON.stringify(text)} names no bucket. Write s3://BUCKET/PREFIX, the prefix as the keys have it.`,
    );
  }
  return { bucket, prefix };
}

/** What people call a source object: its path, or `s3://bucket/key`. */
export function sourceName(bucket: string, key: string): string {
  return bucket === LOCAL_BUCKET || bucket === "" ? key : `s3://${bucket}/${key}`;
}
