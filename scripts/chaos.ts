// `make chaos`: kills both workers with SIGKILL at every point where something has just become durable, and shows what came of it; with
// --duration several of each at random moments. Exit code 1 when a single run did not end as the undisturbed one.
import { parseArgs } from "node:util";
import { EMULATORS, type EmulatorName } from "../localstack/emulator.ts";
import { runRandomKills } from "../test/chaos/matrix/random-kills.ts";
import { KILL_POINTS, plannedKills, type PlannedKill } from "../test/chaos/matrix/points.ts";
import { MATRIX_HEADER, outcomeLine, summaryLine } from "../test/chaos/matrix/print-matrix.ts";
import { storeResults } from "../test/chaos/matrix/results.ts";
import { runMatrix } from "../test/chaos/matrix/run-matrix.ts";
import { isGood } from "../test/chaos/matrix/run-point.ts";
import { stopEmulators } from "../test/helpers/emulators.ts";
import { stopSharedPostgres } from "../test/helpers/stand-in.ts";

const HELP = `make chaos [POINT=name] [WORKER=splitter|loader] [DURATION=seconds [SEED=number]] [ARGS=…]

  --point NAME      only this point (of both workers, unless --worker says which); may be repeated
  --worker NAME     only this worker's points
  --jobs N          runs at the same time (default 4: most of a run is waiting)
  --list            name the points and end
  --json            one JSON document instead of the table
  --write           keep the result in test/chaos/results and write docs/delivery-guarantees.md
  --duration S      random mode: two splitters and two loaders, killed at random for so many seconds
  --seed N          random mode: the same files and the same kills again (default: by the clock, and printed)
  EMULATOR=localstack|ministack (default ministack)
`;

const { values } = parseArgs({
  options: {
    point: { type: "string", multiple: true },
    worker: { type: "string" },
    jobs: { type: "string", default: "4" },
    list: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    duration: { type: "string" },
    seed: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const emulator = emulatorName(process.env["EMULATOR"]);

if (values.help) say(HELP);
else if (values.list) list();
else {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void stopServers().finally(() => process.exit(1)));
  try {
    process.exitCode = (await (values.duration === undefined ? matrix() : random())) ? 0 : 1;
  } finally {
    await stopServers();
  }
}

async function stopServers(): Promise<void> {
  await Promise.all([stopEmulators(), stopSharedPostgres()]);
}

function emulatorName(wanted = ""): EmulatorName {
  const found = EMULATORS.find((name) => name === (wanted || "ministack"));
  if (found === undefined) throw new Error(`EMULATOR=${wanted}: it is one of ${EMULATORS.join(", ")}`);
  return found;
}

function chosen(): readonly PlannedKill[] {
  const points = KILL_POINTS.filter(
    ({ name, worker }) =>
      (values.point === undefined || values.point.includes(name)) &&
      (values.worker === undefined || worker === values.worker),
  );
  if (points.length === 0) throw new Error("there is no such point; --list names them");
  return plannedKills(points);
}

function list(): void {
  for (const { point, occurrence } of chosen())
    say(`${point.worker.padEnd(9)} ${point.name.padEnd(28)} ${occurrence}  ${point.after}`);
}

async function matrix(): Promise<boolean> {
  const kills = chosen();
  if (!values.json) say(`${kills.length} kills on ${emulator}\n\n${MATRIX_HEADER}`);
  const outcomes = await runMatrix({
    emulator,
    kills,
    jobs: Number(values.jobs),
    onOutcome: (outcome) => {
      if (!values.json) say(outcomeLine(outcome));
      if (values.write) storeResults(emulator, [outcome]);
    },
  });
  if (values.json) say(JSON.stringify({ emulator, outcomes }, undefined, 2));
  else say(`\n${summaryLine(outcomes)}`);
  if (values.write) await import("./generate-docs.ts");
  return outcomes.every(isGood);
}

async function random(): Promise<boolean> {
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const seconds = Number(values.duration);
  say(`make chaos DURATION=${seconds} SEED=${seed} on ${emulator}`);
  const { kills, sources, documents, problems } = await runRandomKills({
    emulator,
    seed,
    seconds,
    onKill: say,
  });
  say(`${kills} kills; ${sources} sources, ${documents} documents`);
  for (const problem of problems) say(`✗ ${problem}`);
  say(problems.length === 0 ? "✓ audit balances, every document is there once" : "✗ not as it should be");
  return problems.length === 0;
}
