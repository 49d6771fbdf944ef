// `make up`: what is there afterwards, that S3 tells the queues, and that `make down` leaves no process.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { RedshiftDataClient } from "@aws-sdk/client-redshift-data";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { StackState } from "../../../localstack/stack/stack.ts";
import { createS3Client, createSqsClient } from "../../../shared/adapters/aws/clients.ts";
import { createSqsQueue } from "../../../shared/adapters/aws/sqs-queue.ts";
import { parseNotification } from "../../../shared/contracts/notification.ts";
import { systemClock } from "../../../shared/runtime/clock.ts";
import { createDataApi } from "../../../shared/warehouse/redshift/data-api.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { tempDir, type TempDir } from "../../helpers/temp-dir.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const run = promisify(execFile);
const STACK = join(import.meta.dirname, "..", "..", "..", "localstack", "stack.ts");
const ON_STACK = join(STACK, "..", "on-stack.sh");
const KEYS = [
  "raw/plain.json",
  "raw/a b+c.gz",
  "raw/dt=2026-10-01/hour=07/é😀.log",
  "raw/100%25 & more?#.log",
  "raw/'quotes\" \\ ~!*().log",
];

const emulators = emulatorsUnderTest();
if (emulators.length === 0) it("local stack: not run, because there is no python3 to start an emulator");

for (const name of emulators) {
  describe(`local stack on ${name}`, function () {
    this.timeout(120_000);
    let dir: TempDir;
    let folder: string;
    let state: StackState;
    const stack = (verb: string, more: Record<string, string> = {}) =>
      run(process.execPath, [STACK, verb], {
        env: { ...process.env, EMULATOR: name, STACK_PORT: "0", STACK_FOLDER: folder, ...more },
      });
    const readState = () => JSON.parse(readFileSync(join(folder, "stack.json"), "utf8")) as StackState;
    const options = () => ({ region: state.region, endpoint: state.emulator.endpoint, pathStyle: true });

    const clients: { destroy(): void }[] = [];
    function open<T extends { destroy(): void }>(client: T): T {
      clients.push(client);
      return client;
    }
    const openS3 = () => open(createS3Client(options()));
    const openSqs = () => open(createSqsClient(options()));
    afterEach(() => clients.splice(0).forEach((client) => client.destroy()));

    before(async () => {
      process.env["AWS_ACCESS_KEY_ID"] ??= "test";
      process.env["AWS_SECRET_ACCESS_KEY"] ??= "test";
      dir = tempDir();
      folder = join(dir.path, "it's a stack");
      await stack("up");
      state = readState();
    });
    after(async () => {
      await stack("down");
      dir[Symbol.dispose]();
    });

    it("is one stack however often it is started, and says what it is", async () => {
      const { stdout } = await stack("up");

      assert.deepEqual(readState(), state);
      assert.ok(stdout.includes(state.standIn.endpoint) && stdout.includes(state.resources.splitQueue));
      assert.match((await stack("status")).stdout, /the local stack is running/);
    });

    it("is one stack when it is started twice at the same time, and the second waits for the first", async () => {
      await stack("down");
      const both = await Promise.all([stack("up"), stack("up")]);

      state = readState();
      assert.equal(both[0].stdout, both[1].stdout);
      const waits = both.filter(({ stderr }) => /waiting for another `make up`/.test(stderr));
      assert.equal(waits.length, 1);
      assert.match((await stack("status")).stdout, /the local stack is running/);
    });

    it("writes settings that a shell can read", async () => {
      const script =
        'cd "$1" && . ./env && printf "%s %s" "$AWS_ENDPOINT_URL_REDSHIFT_DATA" "$LOG_ROUTER_AWS_LOAD_QUEUE"';
      const { stdout } = await run("sh", ["-c", script, "sh", folder]);

      assert.equal(stdout, `${state.standIn.endpoint} ${state.resources.loadQueue}`);
    });

    it("tells the split queue of objects whose keys are anything", async () => {
      const [s3, sqs] = [openS3(), openSqs()];
      const keys = new Set<string>();
      const queue = createSqsQueue(sqs, state.resources.splitQueue, {
        clock: systemClock,
        maxReceives: 5,
        warn: () => {},
        waitSeconds: 1,
      });
      const consumer = queue.consume(
        async (message) => {
          const notification = parseNotification(message.body);
          assert.ok(notification.kind === "test" || notification.kind === "objects", notification.kind);
          if (notification.kind === "objects")
            for (const object of notification.objects) {
              assert.equal(object.bucket, state.resources.sourceBucket);
              assert.equal(object.bytes, 5);
              keys.add(object.key);
            }
          return { kind: "settled" };
        },
        { concurrency: 10, visibilitySeconds: 30 },
      );
      for (const Key of KEYS)
        await s3.send(new PutObjectCommand({ Bucket: state.resources.sourceBucket, Key, Body: "hello" }));

      await waitFor("every key", () => keys.size >= KEYS.length);
      await consumer.drain();
      assert.deepEqual([...keys].toSorted(), KEYS.toSorted());
      assert.equal((await queue.depth()).dead, 0);
    });

    it("tells the load queue of receipts only", async () => {
      const [s3, sqs] = [openS3(), openSqs()];
      const Bucket = state.resources.routedBucket;
      for (const Key of ["parts/a/b.ndjson.zst", "receipts/abc/0.json"])
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: "{}" }));
      const keys: string[] = [];
      const queue = createSqsQueue(sqs, state.resources.loadQueue, {
        clock: systemClock,
        maxReceives: 5,
        warn: () => {},
        waitSeconds: 1,
      });
      const consumer = queue.consume(
        async (message) => {
          const notification = parseNotification(message.body);
          if (notification.kind === "objects") keys.push(...notification.objects.map((one) => one.key));
          return { kind: "settled" };
        },
        { concurrency: 10, visibilitySeconds: 30 },
      );

      await waitFor("the receipt", () => keys.length > 0);
      await consumer.drain();
      assert.deepEqual(keys, ["receipts/abc/0.json"]);
    });

    it("listens to this machine only", async () => {
      const outside = Object.values(networkInterfaces())
        .flatMap((all) => all ?? [])
        .filter(({ family, internal }) => family === "IPv4" && !internal)
        .map(({ address }) => address);
      for (const { endpoint } of [state.emulator, state.standIn]) {
        const port = Number(new URL(endpoint).port);
        assert.equal(await answers("127.0.0.1", port), true);
        for (const address of outside)
          assert.equal(await answers(address, port), false, `${address}:${port}`);
      }
    });

    it("has dead letters behind every queue", async () => {
      const sqs = openSqs();
      const { splitQueue, loadQueue, backfillQueue } = state.resources;
      for (const QueueUrl of [splitQueue, loadQueue, backfillQueue]) {
        const answer = await sqs.send(
          new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["RedrivePolicy"] }),
        );
        assert.match(answer.Attributes?.RedrivePolicy ?? "", /log-router-\w+-dead/);
      }
    });

    it("loads from the emulator's S3 into the Redshift stand-in", async () => {
      const s3 = openS3();
      const Bucket = state.resources.routedBucket;
      await s3.send(new PutObjectCommand({ Bucket, Key: "load/a b+c.json", Body: '{"n":1}\n{"n":2}\n' }));
      const client = open(new RedshiftDataClient({ ...options(), endpoint: state.standIn.endpoint }));
      const api = createDataApi(client, {
        target: { workgroup: "local", database: "dev" },
        limiter: (_, call) => call(),
        clock: systemClock,
      });
      const done = await api.transaction(
        [
          "CREATE TABLE from_s3 (n BIGINT)",
          `COPY from_s3 FROM 's3://${Bucket}/load/a b+c.json' IAM_ROLE 'arn:aws:iam::123456789012:role/r' FORMAT JSON 'auto'`,
          "SELECT n FROM from_s3 ORDER BY n",
        ],
        { name: "load" },
      );

      assert.equal(done.kind, "finished");
      assert.deepEqual(done.kind === "finished" && (await done.rows(2)), [[1], [2]]);
    });

    it("gives a command its settings, and with --if-up only one that asks for s3:// and has no others", async () => {
      const bucket = "process.stdout.write(process.env.LOG_ROUTER_AWS_ROUTED_BUCKET ?? 'none')";
      const shown = async (env: Record<string, string>, ...args: string[]) => {
        const options = { env: { ...process.env, STACK_FOLDER: folder, ...env } };
        return (await run(ON_STACK, [...args, "-e", bucket, 's3://it\'s a "prefix"'], options)).stdout;
      };
      const own = state.resources.routedBucket;

      assert.equal(await shown({}, process.execPath), own);
      assert.equal(await shown({}, "--if-up", process.execPath), own);
      const other = { LOG_ROUTER_AWS_ROUTED_BUCKET: "other" };
      assert.equal(await shown(other, "--if-up", process.execPath), "other");
      const nowhere = { STACK_FOLDER: join(dir.path, "nowhere") };
      assert.equal(await shown(nowhere, "--if-up", process.execPath), "none");
      await assert.rejects(shown(nowhere, process.execPath), { code: 2, stderr: /does not run: make up/ });
      const options = { env: { ...process.env, STACK_FOLDER: folder } };
      const local = await run(ON_STACK, ["--if-up", process.execPath, "-e", bucket, "./archive"], options);
      assert.equal(local.stdout, "none");
    });

    it("refuses another emulator beside it, and a port that is taken", async () => {
      const other = name === "ministack" ? "localstack" : "ministack";
      await assert.rejects(stack("up", { EMULATOR: other }), { code: 2, stderr: /make down/ });
      await assert.rejects(stack("up", { EMULATOR: "floci" }), { code: 2, stderr: /ministack, localstack/ });

      await using taken = createServer();
      await new Promise<void>((resolve) => void taken.listen(0, "127.0.0.1", resolve));
      const { port } = taken.address() as { port: number };
      const elsewhere = join(dir.path, "elsewhere");
      await assert.rejects(stack("up", { STACK_PORT: String(port), STACK_FOLDER: elsewhere }), {
        code: 2,
        stderr: /in use/,
      });
    });

    it("leaves no process and no file when it goes down, twice too", async () => {
      const pids = [state.emulator.process!.pid, state.standIn.process.pid];
      await stack("down");

      for (const pid of pids) assert.deepEqual(await groupOf(pid), [], `group ${pid}`);
      assert.equal(existsSync(folder), false);
      await stack("down");
      await assert.rejects(stack("status"), { code: 1, stdout: /down/ });
    });
  });
}

/** Whether somebody listens there. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5000 });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

/** Living processes of a process group. */
async function groupOf(pgid: number): Promise<string[]> {
  const { stdout } = await run("ps", ["-eo", "pgid=,stat=,command="]);
  return stdout.split("\n").filter((line) => {
    const [group, state = ""] = line.trim().split(/\s+/);
    return group === String(pgid) && !state.startsWith("Z");
  });
}
