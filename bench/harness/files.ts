// The benchmarks' input: the shop's sample (scripts/sample, seed 1), made when it is missing and kept in the temporary folder, with what
// is in it beside it.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { writeSample } from "../../scripts/sample/write-sample.ts";
import type { BenchInput } from "./result.ts";

/** Part of the cached names: a new number when the sample changes. */
const SAMPLE_VERSION = 2;
const CACHE = join(tmpdir(), "log-router-bench");
/** Logs shrink to a seventh or so; generated ones that shrink much more or less would flatter one stage. */
const REALISTIC_RATIO = [4, 10] as const;

export interface SampleWanted {
  /** 10^6 bytes, uncompressed, of all files together. */
  readonly megabytes: number;
  readonly types: number;
  /** Default 1; more are in a folder of their own. */
  readonly files?: number;
  /** Without broken and blank lines: several other tools give up at the first. */
  readonly eventsOnly?: boolean;
}

export interface Sample {
  /** The file, or the folder when there are several. */
  readonly path: string;
  readonly description: BenchInput;
  readonly bad: number;
  readonly blank: number;
  readonly byType: ReadonlyMap<string, number>;
}

const contentSchema = z.object({
  stored_bytes: z.number(),
  raw_bytes: z.number(),
  lines: z.number(),
  bad: z.number(),
  blank: z.number(),
  by_type: z.array(z.tuple([z.string(), z.number()])),
});

/** The sample, from the cache or made now. */
export async function sample(wanted: SampleWanted): Promise<Sample> {
  const { megabytes, types, files = 1, eventsOnly = false } = wanted;
  const suffix = `${files === 1 ? "" : `-${files}files`}${eventsOnly ? "-events" : ""}`;
  const home = join(CACHE, `v${SAMPLE_VERSION}-${megabytes}mb-${types}types${suffix}`);
  if (!existsSync(home)) await make(home, { megabytes, types, files, eventsOnly });
  const content = contentSchema.parse(JSON.parse(await readFile(join(home, "content.json"), "utf8")));
  return {
    path: files === 1 ? join(home, "logs", "shop-0001.ndjson.gz") : join(home, "logs"),
    description: {
      name: `${megabytes} MB, ${types.toLocaleString("en")} event types${files === 1 ? "" : `, ${files.toLocaleString("en")} files`}`,
      files,
      stored_bytes: content.stored_bytes,
      raw_bytes: content.raw_bytes,
      lines: content.lines,
      event_types: content.by_type.length,
    },
    bad: content.bad,
    blank: content.blank,
    byType: new Map(content.by_type),
  };
}

async function make(home: string, wanted: Required<SampleWanted>): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const making = await mkdtemp(join(CACHE, "making-"));
  try {
    process.stderr.write(`making ${home} (once)\n`);
    const { megabytes, types, files, eventsOnly } = wanted;
    const out = join(making, "logs");
    const bytes = megabytes * 1e6;
    const counts = await writeSample({ out, bytes, types, seed: 1, files, compression: "gzip", eventsOnly });
    const sizes = await Promise.all(counts.files.map(async (file) => (await stat(file)).size));
    const content: z.infer<typeof contentSchema> = {
      stored_bytes: sizes.reduce((sum, size) => sum + size, 0),
      raw_bytes: counts.bytes,
      lines: counts.lines,
      bad: counts.bad,
      blank: counts.blank,
      by_type: [...counts.byType],
    };
    assertRealistic(content.raw_bytes / content.stored_bytes, files);
    await writeFile(join(making, "content.json"), JSON.stringify(content));
    await rename(making, home);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

function assertRealistic(ratio: number, files: number): void {
  const [low, high] = REALISTIC_RATIO;
  if (ratio > low && ratio < high) return;
  // Small files have little to refer back to.
  if (files > 1 && ratio > low / 2 && ratio < high) return;
  throw new Error(`the sample shrinks to 1/${ratio.toFixed(1)}: not what logs do`);
}
