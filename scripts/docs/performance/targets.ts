// The bars, and whether the figures meet them.
import { caseOf, fixed, summaryOf, table, wallRatio, type Results } from "./figures.ts";

interface Figure {
  readonly what: string;
  readonly limit?: undefined;
  readonly value: (results: Results) => number | undefined;
}

interface Bar {
  readonly what: string;
  readonly limit: number;
  readonly atMost: boolean;
  readonly unit?: string;
  readonly digits?: number;
  readonly value: (results: Results) => number | undefined;
}

const MIB = 1024 ** 2;
/** Vector's sizing guide for structured logs, MiB/s a core. */
const VECTOR_MIB = 25;

/** A figure has no target, and stands beside one that has. */
const BARS: readonly (Bar | Figure)[] = [
  {
    what: "splitting, wall time to `zcat | zstd -1`",
    limit: 0.65,
    atMost: true,
    value: (results) => summaryOf(results, "split", "usual", "log-router")?.wallRatio,
  },
  {
    what: "splitting, CPU to `zcat | zstd -1`",
    limit: 1,
    atMost: true,
    value: (results) => summaryOf(results, "split", "usual", "log-router")?.cpuRatio,
  },
  {
    what: "the same with four times the size, wall",
    limit: 0.65,
    atMost: true,
    value: (results) => summaryOf(results, "split", "large", "log-router")?.wallRatio,
  },
  {
    what: "one core, gz in, zstd out: 4 times Vector's 25 MiB/s a core",
    limit: 4 * VECTOR_MIB,
    atMost: false,
    unit: " MiB/s",
    digits: 0,
    value: (results) => {
      const one = summaryOf(results, "split", "usual", "log-router-1");
      return one && (one.megabytesPerSecond * 1e6) / MIB;
    },
  },
  {
    what: "two threads to one core, throughput",
    limit: 1.7,
    atMost: false,
    value: (results) => wallRatio(caseOf(results, "split", "usual"), "log-router-1", "log-router"),
  },
  {
    what: "throughput to plain Node streams",
    limit: 5,
    atMost: false,
    value: (results) => wallRatio(caseOf(results, "peers", "peers"), "plain-node", "log-router"),
  },
  {
    what: "5,000 event types to 14, throughput",
    limit: 0.5,
    atMost: false,
    value: (results) => {
      const many = summaryOf(results, "split", "many-types", "log-router");
      const few = summaryOf(results, "split", "usual", "log-router");
      return many && few && many.megabytesPerSecond / few.megabytesPerSecond;
    },
  },
  {
    what: "peak memory with two threads, any size, any number of types, any number of files",
    limit: 256,
    atMost: true,
    unit: " MiB",
    digits: 0,
    value: (results) => {
      const peaks = [...splitsOf(results, "split", /^log-router$/), ...splitsOf(results, "small-files", /./)];
      return peaks.length > 0 ? Math.max(...peaks) : undefined;
    },
  },
  {
    what: "10,000 objects of 20 kB (137 kB of lines, gzipped), throughput to one of the same lines",
    limit: 1 / 3,
    atMost: false,
    value: (results) => wallRatio(caseOf(results, "small-files", "small-split"), "one-file", "small-files"),
  },
  {
    what: "10,000 objects of 4 kB (20 kB of lines, gzipped), the same",
    value: (results) => wallRatio(caseOf(results, "small-files", "tiny-split"), "one-file", "small-files"),
  },
  {
    what: "gz file to typed tables, wall to DuckDB by hand, schema declared, one scan into one table",
    limit: 1.1,
    atMost: true,
    value: (results) => wallRatio(caseOf(results, "loading", "end-to-end"), "run", "declared"),
  },
  {
    what: "the same to DuckDB by hand, schema inferred as the product does",
    limit: 1,
    atMost: true,
    value: (results) => wallRatio(caseOf(results, "loading", "end-to-end"), "run", "inferred"),
  },
  ...aheadOf("peers", "with 14 event types"),
  ...aheadOf("peers-many-types", "with many event types"),
  ...aheadOf("peers-large", "with four times the size"),
];

/** Peaks in MiB of the contestants whose ids match, in all cases of a suite that only split. */
function splitsOf(results: Results, suite: string, ids: RegExp): number[] {
  return (results.get(suite)?.cases ?? [])
    .filter(({ id }) => !id.endsWith("-run"))
    .flatMap(({ id, contestants }) => contestants.map((contestant) => [id, contestant.id] as const))
    .filter(([, contestant]) => ids.test(contestant))
    .flatMap(([id, contestant]) => summaryOf(results, suite, id, contestant)?.peakMib ?? []);
}

/** The strictest of all the others: whoever is fastest. */
function aheadOf(id: string, when: string): Bar[] {
  return [
    {
      what: `wall to the fastest other tool, ${when}`,
      limit: 1,
      atMost: true,
      value: (results) => {
        const found = caseOf(results, "peers", id);
        const ratios = (found?.contestants ?? [])
          .filter((other) => other.id !== "log-router" && other.id !== found?.baseline)
          .flatMap((other) => wallRatio(found, "log-router", other.id) ?? []);
        return ratios.length > 0 ? Math.max(...ratios) : undefined;
      },
    },
  ];
}

/** One row a bar. */
export function targetsTable(results: Results): string {
  const rows = BARS.map((bar) => {
    const value = bar.value(results);
    if (bar.limit === undefined)
      return [bar.what, "", value === undefined ? "not measured" : fixed(value), ""];
    const text = (of: number): string => `${fixed(of, bar.digits ?? 2)}${bar.unit ?? ""}`;
    const target = `${bar.atMost ? "≤" : "≥"} ${text(bar.limit)}`;
    if (value === undefined) return [bar.what, target, "not measured", ""];
    const isMet = bar.atMost ? value <= bar.limit : value >= bar.limit;
    return [bar.what, target, text(value), isMet ? "met" : "**not met**"];
  });
  return table(["bar", "target", "measured", ""], rows);
}
