// The loader as a process of its own, for containers: `node services/loader/main.ts [options]` is `log-router loader [options]`.
import { runCommand } from "../../cli/run-command.ts";

await runCommand(["loader", ...process.argv.slice(2)]);
