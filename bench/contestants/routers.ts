// Who splits one gz file into a compressed file an event type: the product, and the tools that a user would reach for. Each is written as a
// person who knows the tool would, and is told to compress as lightly as the product does.
import { join } from "node:path";
import { assertSameCounts, countByType, countLines, countPartLines } from "../harness/count-lines.ts";
import type { Sample } from "../harness/files.ts";
import type { Contestant } from "../harness/suite.ts";
import { readReceipts } from "./receipts.ts";
import { onPath, peerPackage, PEERS } from "./installed.ts";

/** Runs on the first core alone. */
const PINNED = "taskset -c 0";

type Kind = Pick<Contestant, "id" | "title">;

/** The yardstick: decompressing and compressing alone. */
export function zcatZstd(
  input: Sample,
  kind: Kind = { id: "zcat-zstd", title: "zcat | zstd -1" },
): Contestant {
  return {
    ...kind,
    command: 'zcat < "$FILE" | zstd -q -1 -c > "$OUT/all.zst"',
    detect: () => onPath("zstd", "--version"),
    check: async (out) => {
      const lines = await countLines(join(out, "all.zst"));
      if (lines !== input.description.lines) throw new Error(`zcat | zstd wrote ${lines} lines`);
    },
  };
}

/** The yardstick on one core, both of its processes. */
export function zcatZstdOneCore(input: Sample): Contestant {
  const { command, ...rest } = zcatZstd(input, { id: "zcat-zstd-1", title: "zcat | zstd -1, one core" });
  return { ...rest, command: `${PINNED} sh -c '${command}'`, detect: () => onPath("taskset", "--version") };
}

const SPLIT = 'bin/log-router split "$FILE" --out "$OUT"';

/** `log-router split` with its defaults: as many threads as cores. */
export function logRouter(input: Sample): Contestant {
  return {
    id: "log-router",
    title: "log-router split",
    command: SPLIT,
    check: (out) => checkSplit(out, input),
  };
}

/** One thread on one core: what a core is worth. */
export function logRouterOneCore(input: Sample): Contestant {
  return {
    id: "log-router-1",
    title: "log-router split, one thread, one core",
    command: `${PINNED} ${SPLIT} --set splitter.threads=1`,
    detect: () => onPath("taskset", "--version"),
    check: (out) => checkSplit(out, input),
  };
}

/** The parts that receipts name hold every good line of its type, once; the rest is in quarantine or blank. */
export async function checkSplit(out: string, input: Sample): Promise<void> {
  const receipts = await readReceipts(out);
  const counts = new Map<string, number>();
  let [quarantined, blank] = [0, 0];
  for (const { lines, parts } of receipts) {
    quarantined += lines.quarantined;
    blank += lines.blank;
    for (const { key } of parts)
      for (const [type, count] of await countPartLines(join(out, key)))
        counts.set(type, (counts.get(type) ?? 0) + count);
  }
  assertSameCounts("log-router", counts, input.byType);
  if (quarantined !== input.bad || blank !== input.blank)
    throw new Error(`log-router: ${quarantined} quarantined and ${blank} blank lines`);
}

/** Another tool; each writes one file, or one folder, an event type. */
function tool(input: Sample, contestant: Omit<Contestant, "check">): Contestant {
  return {
    ...contestant,
    mayFail: true,
    check: async (out) => assertSameCounts(contestant.id, await countByType(out), input.byType),
  };
}

/** Everybody else; they get a sample without broken lines, because several give up at the first. */
export function otherTools(input: Sample): Contestant[] {
  const python = (id: string, title: string): Contestant =>
    tool(input, {
      id,
      title,
      command: `${PEERS}/bin/python bench/contestants/${id}_split.py "$FILE" "$OUT"`,
      detect: () => peerPackage(id),
    });
  return [
    tool(input, {
      id: "duckdb",
      title: "DuckDB COPY … PARTITION_BY",
      command: 'node bench/contestants/duckdb-partition.ts "$FILE" "$OUT"',
      detect: () => onPath("node", "-p", DUCKDB_VERSION),
    }),
    python("polars", "polars"),
    python("chdb", "ClickHouse (chdb)"),
  ];
}

const DUCKDB_VERSION = '"DuckDB " + require("@duckdb/node-api").version()';

/** Tools that take ten times as long: not part of the largest cases. */
export function slowTools(input: Sample): Contestant[] {
  return [
    tool(input, {
      id: "plain-node",
      title: "plain Node streams",
      command: 'node bench/contestants/plain-node.ts "$FILE" "$OUT"',
    }),
    tool(input, {
      id: "miller",
      title: "Miller",
      command: `mlr --ijsonl --ojsonl --gzin put -q 'tee | "zstd -q -1 -f -o $OUT/".$event.".ndjson.zst", $*' "$FILE"`,
      detect: () => onPath("mlr", "--version"),
    }),
    tool(input, {
      id: "benthos",
      title: "Benthos (Redpanda Connect)",
      command: "benthos -c bench/contestants/benthos.yaml",
      detect: () => onPath("benthos", "--version"),
    }),
  ];
}
