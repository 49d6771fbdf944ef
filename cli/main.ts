import { startEarly } from "./start-early.ts";

const args = process.argv.slice(2);
await startEarly(args, process.env);
// Only now: loading the rest is what the thread is started before.
const { runCommand } = await import("./run-command.ts");
await runCommand(args);
