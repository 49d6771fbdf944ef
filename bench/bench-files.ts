// What every benchmark needs: the sample, made once and kept in the temporary folder; a scratch folder; the result file.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, platform, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { writeSample } from "../scripts/sample/write-sample.ts";

export const ROOT = dirname(import.meta.dirname);
export const COMMAND = join(ROOT, "bin", "log-router");

/** Part of the cached file's name: a new number when the sample changes. */
const SAMPLE_VERSION = 1;

/** One gz file of the shop's logs, `megabytes` (10^6) uncompressed, with so many event types. */
export async function sampleFile(megabytes: number, types: number): Promise<string> {
  const cache = join(tmpdir(), "log-router-bench");
  const file = join(cache, `shop-v${SAMPLE_VERSION}-${megabytes}mb-${types}types.ndjson.gz`);
  if (existsSync(file)) return file;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, "making-"));
  try {
    process.stderr.write(`making ${file} (once)\n`);
    const sample = {
      out: making,
      bytes: megabytes * 1e6,
      types,
      seed: 1,
      files: 1,
      compression: "gzip",
    } as const;
    const { files } = await writeSample(sample);
    await rename(files[0]!, file);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return file;
}

/** A folder for one run, removed afterwards. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "log-router-bench-run-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the figures were taken on. */
export async function machine(file?: string): Promise<Record<string, unknown>> {
  return {
    platform: `${platform()} ${arch()}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    node: process.version,
    ...(file === undefined ? {} : { compressed_bytes: (await stat(file)).size }),
  };
}

export async function writeResult(name: string, result: unknown): Promise<void> {
  const folder = join(import.meta.dirname, "results");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** A number from the command line (`--name N`), or the default. */
export function numberOption(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : Number(process.argv[at + 1]);
  if (!(value > 0)) throw new Error(`--${name} must be a positive number`);
  return value;
}
