// A process for the tests of endProcess: writes more than a pipe holds, leaves a timer behind, and ends.
import { endProcess } from "../../../shared/runtime/end-process.ts";

setInterval(() => undefined, 1_000);
process.exitCode = Number(process.argv[2]);
process.stdout.write(`${"x".repeat(1_000_000)}\n`);
process.stderr.write(`${"y".repeat(1_000_000)}\n`);
await endProcess();
process.stdout.write("never");
