// Both workers as they run in production: S3 tells SQS of objects under keys that events encode, the loader is told of receipts, the audit balances.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { auditSchema } from "../../cli/reports/audit.ts";
import { statusSchema } from "../../cli/reports/status.ts";
import type { z } from "zod";
import { runToEnd, startVerb, type RunningVerb } from "../helpers/aws-rig.ts";
import { tempDir, type TempDir } from "../helpers/temp-dir.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { notify, TRIAL_PREFIX } from "./bucket.ts";
import { makeQueue } from "./queues.ts";
import type { OfTrial } from "./suite.ts";

const KEYS = ["plain.ndjson", "a b+c=é/x:y.ndjson", "100%25 %zz.ndjson", "日本/'quote\"&.ndjson"];
const LINES = 20;
/** S3 may take a minute to tell; the stand-in is immediate. */
const WAIT_MS = 180_000;

export function pipeline(trial: OfTrial): void {
  describe("the pipeline", () => {
    let dir: TempDir;
    let env: Readonly<Record<string, string>>;
    let services: RunningVerb[] = [];

    before(async () => {
      const { account, name, schema } = trial();
      dir = tempDir();
      const [split, load] = [
        await makeQueue(account, `${name}-split`),
        await makeQueue(account, `${name}-load`),
      ];
      await notify(account, [
        { prefix: `${TRIAL_PREFIX}raw/`, queueArn: split.arn },
        { prefix: "receipts/", queueArn: load.arn },
      ]);
      env = {
        ...account.env,
        LOG_ROUTER_AWS_ROUTED_BUCKET: account.bucket,
        LOG_ROUTER_AWS_SPLIT_QUEUE: split.url,
        LOG_ROUTER_AWS_LOAD_QUEUE: load.url,
        LOG_ROUTER_TABLES_SCHEMA: schema,
        LOG_ROUTER_LOADER_BATCH_AGE_SECONDS: "1",
        LOG_ROUTER_SPLITTER_THREADS: "1",
      };
      services = ["splitter", "loader"].map((verb) => startVerb([verb], env, dir.path));
    });
    after(async () => {
      await Promise.all(services.map((service) => service.stop()));
      dir?.[Symbol.dispose]();
    });

    async function report<S extends z.ZodType>(schema: S, ...args: string[]) {
      const { code, stdout, stderr } = await runToEnd([...args, "--json"], env, dir.path).done;
      assert.ok(code === 0 || stdout !== "", stderr);
      return { code, json: schema.parse(JSON.parse(stdout)) };
    }

    it("loads objects that S3 tells of, under any key, once", async () => {
      for (const key of KEYS) {
        const lines = Array.from({ length: LINES }, (_, n) => `{"event":"pipeline","n":${n}}\n`);
        await trial().put(`raw/${key}`, lines.join(""));
      }
      const wanted = KEYS.length * LINES;
      await waitFor(
        `${wanted} rows: ${services.map(({ output }) => output.stderr.slice(-500)).join("\n")}`,
        async () => {
          const { json } = await report(statusSchema, "status");
          return json.event_types.find((type) => type.event_type === "pipeline")?.rows === wanted;
        },
        WAIT_MS,
      );
      const counts = await trial().bench.warehouse.read.countRows("pipeline");
      assert.deepEqual(
        counts.map(({ rows, repeated }) => [rows, repeated]),
        KEYS.map(() => [LINES, 0]),
      );
    });

    it("accounts for every line of these sources", async () => {
      // The other groups' sources have no receipts: only these can balance, once their rows in the ledger are complete.
      const wanted = KEYS.map((key) => `${TRIAL_PREFIX}raw/${key} ${LINES} true`).toSorted();
      await waitFor(
        "a balanced audit",
        async () => {
          const { json } = await report(auditSchema, "audit", "--all");
          const ours = (json.by_source ?? []).filter(({ key }) => key.startsWith(`${TRIAL_PREFIX}raw/`));
          const found = ours.map(({ key, rows, balanced }) => `${key} ${rows} ${balanced}`);
          return isDeepStrictEqual(found.toSorted(), wanted);
        },
        WAIT_MS,
      );
    });
  });
}
