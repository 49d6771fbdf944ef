// `node localstack/stack.ts up|down|status`: the local stack of a laptop, without Docker. EMULATOR=ministack|localstack, STACK_PORT=4566
// (the stand-in takes the next port), STACK_FOLDER=.log-router-stack, EMULATOR_ENDPOINT=URL of an emulator that runs already (compose.yaml).
import { join, relative } from "node:path";
import { EMULATORS } from "./emulator.ts";
import { down, status, up, type StackState } from "./stack/stack.ts";

const folder = process.env["STACK_FOLDER"] || join(import.meta.dirname, "..", ".log-router-stack");
const envPath = relative(process.cwd(), join(folder, "env")) || "env";

function describeStack({ emulator, standIn, resources }: StackState): string {
  return `${emulator.name} ${emulator.endpoint} ${emulator.process ? `(process ${emulator.process.pid})` : "(not ours)"}: S3 and SQS
  buckets  ${resources.sourceBucket} → split queue, ${resources.routedBucket} receipts/ → load queue
  queues   ${resources.splitQueue}
           ${resources.loadQueue}
           ${resources.backfillQueue}
Redshift Data API stand-in ${standIn.endpoint} (process ${standIn.process.pid})
settings: . ${envPath}
`;
}

async function run(verb: string | undefined): Promise<number> {
  if (verb === "up") {
    const wanted = process.env["EMULATOR"] || "ministack";
    const emulator = EMULATORS.find((name) => name === wanted);
    if (emulator === undefined) throw new Error(`EMULATOR=${wanted}: it is one of ${EMULATORS.join(", ")}`);
    const endpoint = process.env["EMULATOR_ENDPOINT"];
    const port = process.env["STACK_PORT"] || "4566";
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_534) throw new Error(`STACK_PORT=${port} is no port`);
    process.stdout.write(
      describeStack(await up(folder, { emulator, port: Number(port), ...(endpoint ? { endpoint } : {}) })),
    );
    return 0;
  }
  if (verb === "down") {
    await down(folder);
    process.stdout.write("the local stack is down\n");
    return 0;
  }
  if (verb === "status") {
    const { health, state } = await status(folder);
    process.stdout.write(state ? describeStack(state) : "");
    process.stdout.write(`the local stack is ${health}\n`);
    return health === "running" ? 0 : 1;
  }
  throw new Error("usage: node localstack/stack.ts up|down|status");
}

run(process.argv[2]).then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
