// Which files a COPY reads: a manifest's entries, or every key with the prefix; and their lines.
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { SqlError } from "../sql/sql-error.ts";
import type { Compression, CopyCommand } from "./copy-command.ts";

/** What COPY needs of S3. */
export interface S3Reader {
  /** Undefined when there is no such object. */
  get(bucket: string, key: string): Promise<Uint8Array | undefined>;
  list(bucket: string, prefix: string): Promise<readonly string[]>;
}

export interface SourceFile {
  readonly url: string;
  readonly bytes: Uint8Array;
}

export async function sourceFiles(copy: CopyCommand, s3: S3Reader): Promise<SourceFile[]> {
  const urls = copy.manifest ? await manifestUrls(copy, s3) : await prefixUrls(copy, s3);
  const files: SourceFile[] = [];
  for (const { url, mandatory } of urls) {
    const bytes = await get(s3, url);
    if (bytes !== undefined) files.push({ url, bytes });
    else if (mandatory)
      throw new SqlError(
        `The file ${url} is mandatory and does not exist. (S3ServiceException: The specified key does not exist., Status 404, Error NoSuchKey)`,
      );
  }
  if (files.length === 0)
    throw new SqlError(`The specified S3 prefix '${split(copy.from).key}' does not exist`);
  return files;
}

export async function getRequired(s3: S3Reader, url: string, what: string): Promise<Uint8Array> {
  const bytes = await get(s3, url);
  if (bytes === undefined)
    throw new SqlError(
      `Problem reading ${what} file - S3ServiceException: The specified key does not exist., Status 404, Key ${url}`,
    );
  return bytes;
}

function get(s3: S3Reader, url: string): Promise<Uint8Array | undefined> {
  const { bucket, key } = split(url);
  return s3.get(bucket, key);
}

function split(url: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/(.*)$/s.exec(url);
  if (match === null) throw new SqlError(`8001: the manifest needs full paths, not '${url}'`);
  return { bucket: match[1]!, key: match[2]! };
}

async function prefixUrls(copy: CopyCommand, s3: S3Reader) {
  const { bucket, key } = split(copy.from);
  const keys = await s3.list(bucket, key);
  return keys.map((found) => ({ url: `s3://${bucket}/${found}`, mandatory: true }));
}

/** A file listed twice is loaded twice. */
async function manifestUrls(copy: CopyCommand, s3: S3Reader) {
  const text = Buffer.from(await getRequired(s3, copy.from, "manifest")).toString();
  let entries: unknown;
  try {
    entries = (JSON.parse(text) as { entries?: unknown }).entries;
  } catch {
    throw new SqlError("The manifest file is not valid JSON");
  }
  if (!Array.isArray(entries)) throw new SqlError("The manifest file has no entries");
  return entries.map((entry: { url?: unknown; mandatory?: unknown }) => {
    if (typeof entry.url !== "string") throw new SqlError("The manifest file has an entry without url");
    return { url: entry.url, mandatory: entry.mandatory === true };
  });
}

/** The file's uncompressed bytes; the option has to say what it is, and holds for every file. */
export function uncompressed(file: SourceFile, compression: Compression): Buffer {
  try {
    if (compression === "gzip") return gunzipSync(file.bytes);
    if (compression === "zstd") return allFrames(file.bytes);
    return Buffer.from(file.bytes);
  } catch {
    throw new SqlError(`${file.url} is not in ${compression.toUpperCase()} format`);
  }
}

/** Node stops behind the first frame. Whether Redshift does is not known (AWS documents neither): here every frame is read. */
function allFrames(bytes: Uint8Array): Buffer {
  const frames: Buffer[] = [];
  for (let rest = bytes; rest.byteLength > 0;) {
    const { buffer, engine } = zstdDecompressSync(rest, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten === 0) throw new Error("no frame");
    frames.push(buffer);
    rest = rest.subarray(engine.bytesWritten);
  }
  return Buffer.concat(frames);
}

/** Lines with their 1-based numbers, blank ones left out. */
export function* linesOf(bytes: Buffer): Generator<{ number: number; bytes: Buffer }> {
  let number = 0;
  for (let start = 0; start < bytes.length;) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    number += 1;
    const line = bytes.subarray(start, end);
    if (line.some((byte) => byte !== 32 && byte !== 9 && byte !== 13)) yield { number, bytes: line };
    start = end + 1;
  }
}
