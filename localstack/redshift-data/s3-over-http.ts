// What COPY reads, from an emulator's S3 over HTTP.
import { buffer } from "node:stream/consumers";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { SqlError } from "./sql/sql-error.ts";
import type { S3Reader } from "./copy/source-files.ts";

export interface HttpS3 extends S3Reader {
  close(): void;
}

/** Any credentials will do: emulators check none. */
export function s3OverHttp(endpoint: string, region: string): HttpS3 {
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  return {
    async get(Bucket, Key) {
      try {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
        return await buffer(answer.Body as NodeJS.ReadableStream);
      } catch (error) {
        if (error instanceof Error && error.name === "NoSuchKey") return undefined;
        throw s3Failure(error);
      }
    },
    async list(Bucket, Prefix) {
      try {
        const pages = await Array.fromAsync(paginateListObjectsV2({ client }, { Bucket, Prefix }));
        return pages.flatMap(({ Contents = [] }) => Contents.map(({ Key = "" }) => Key));
      } catch (error) {
        throw s3Failure(error);
      }
    },
    close: () => client.destroy(),
  };
}

function s3Failure(error: unknown): SqlError {
  const { name, message } = error as Error;
  return new SqlError(`S3ServiceException: ${message}, Error ${name}`);
}
