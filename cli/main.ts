import { resolveQuickly } from "../shared/runtime/quick-resolve.ts";

resolveQuickly();
const args = process.argv.slice(2);
const { startEarly } = await import("./start-early.ts");
await startEarly(args, process.env);
// Only now: loading the rest is what the thread is started before.
const { runCommand } = await import("./run-command.ts");
await runCommand(args);
