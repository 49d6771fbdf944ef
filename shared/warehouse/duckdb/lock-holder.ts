// Who has the file open, for a message to a person: DuckDB names the process id, the system its command line.
import { readFile } from "node:fs/promises";
import { errorText } from "./errors.ts";

/** "process 123 (node log-router run ./logs)", from the text of DuckDB's lock error. */
export async function describeLockHolder(lockError: unknown): Promise<string> {
  const match = /Conflicting lock is held in (.*?) \(PID (\d+)\)/s.exec(errorText(lockError));
  if (!match) return "another process";
  const pid = match[2]!;
  // Only Linux has /proc; elsewhere, or when the process is gone or foreign, the program's name has to do.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  const command = commandLine.split("\0").filter(Boolean).join(" ") || match[1]!;
  return `process ${pid} (${command.slice(0, 300)})`;
}
