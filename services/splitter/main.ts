// The splitter as a process of its own, for containers: `node services/splitter/main.ts [options]` is `log-router splitter [options]`.
import { runCommand } from "../../cli/run-command.ts";

await runCommand(["splitter", ...process.argv.slice(2)]);
