// From the moment an object has been put until its rows can be queried, at one batch age, with both workers running.
import { setTimeout as sleep } from "node:timers/promises";
import type { FreshnessRun } from "./result.ts";
import { quantile } from "./quantile.ts";
import { until, type LocalAws } from "./local-aws.ts";

export interface FreshnessOptions {
  readonly ageSeconds: number;
  readonly objects: number;
  /** The objects are put at random moments of so many seconds. */
  readonly spreadSeconds: number;
}

const TYPES = ["fresh_a", "fresh_b", "fresh_c"];
const LINES = 100;
const LOOK_MS = 100;
/** Long enough for the first batch, which makes the tables. */
const FIRST = -1;

export async function measureFreshness(aws: LocalAws, options: FreshnessOptions): Promise<FreshnessRun> {
  const { ageSeconds, objects, spreadSeconds } = options;
  const run = `age-${ageSeconds}`;
  const splitter = aws.start("splitter");
  const loader = aws.start("loader", { LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: String(ageSeconds) });
  const check = () => [splitter, loader].forEach((worker) => worker.check());
  await put(aws, run, FIRST);
  await until("the first object", { check }, async () => (await present(aws, run)).has(FIRST));

  const putAt = new Map<number, number>();
  const freshAt = new Map<number, number>();
  const moments = Array.from({ length: objects }, () => Math.random() * spreadSeconds * 1000).sort(
    (a, b) => a - b,
  );
  const began = performance.now();
  const putting = Promise.all(
    moments.map(async (moment, at) => {
      await sleep(moment - (performance.now() - began));
      await put(aws, run, at);
      putAt.set(at, performance.now());
    }),
  );
  await until(
    "all objects",
    { check },
    async () => {
      const found = await present(aws, run);
      const now = performance.now();
      for (const at of found) if (at !== FIRST && !freshAt.has(at)) freshAt.set(at, now);
      return freshAt.size === objects;
    },
    LOOK_MS,
  );
  await putting;
  await Promise.all([splitter.stop(), loader.stop()]);
  const seconds = [...freshAt].map(([at, fresh]) => Math.max(0, fresh - putAt.get(at)!) / 1000);
  const [p95, max] = [quantile(seconds, 0.95), Math.max(...seconds)];
  return {
    batch_age_seconds: ageSeconds,
    objects,
    spread_seconds: spreadSeconds,
    median_seconds: quantile(seconds, 0.5),
    p95_seconds: p95,
    max_seconds: max,
    p95_beyond_age_seconds: p95 - ageSeconds,
    max_beyond_age_seconds: max - ageSeconds,
    seconds: seconds.toSorted((a, b) => a - b),
  };
}

async function put({ store, state }: LocalAws, run: string, at: number): Promise<void> {
  const lines = TYPES.flatMap((type) =>
    Array.from({ length: LINES }, (_, n) =>
      JSON.stringify({ event: type, run, object: at, n, text: `line ${n}` }),
    ),
  );
  const body = Buffer.from(`${lines.join("\n")}\n`);
  await store.put({ bucket: state.resources.sourceBucket, key: `fresh/${run}/${at}.ndjson` }, body);
}

/** Objects all rows of which can be queried, in every table. */
async function present({ api }: LocalAws, run: string): Promise<Set<number>> {
  const selects = TYPES.map(
    (type) =>
      `SELECT "object" AS o, COUNT(*) AS n FROM events.${type} WHERE run = '${run}' GROUP BY "object"`,
  );
  const outcome = await api.statement(`SELECT o, SUM(n) FROM (${selects.join(" UNION ALL ")}) t GROUP BY o`, {
    name: "bench freshness",
  });
  // Until the first batch there are no tables.
  if (outcome.kind === "failed") return new Set();
  const rows = await outcome.rows(0);
  return new Set(
    rows.filter(([, n]) => Number(n) === TYPES.length * LINES).map(([object]) => Number(object)),
  );
}
