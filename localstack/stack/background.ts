// Processes that outlive the command that started them: each the leader of a group, known by its id and the time when it began, so that
// never another process that got the same id later is ended.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export interface Background {
  readonly pid: number;
  /** When it began, as `ps` says it. */
  readonly began: string;
}

const GRACE_MS = 15_000;

export function background(pid: number): Background {
  return { pid, began: beganAt(pid) ?? "" };
}

export function isAlive({ pid, began }: Background): boolean {
  return beganAt(pid) === began;
}

/** Ends it, then whatever is left of its group. */
export async function end(process_: Background): Promise<void> {
  const { pid } = process_;
  if (isAlive(process_)) {
    process.kill(pid, "SIGTERM");
    const deadline = Date.now() + GRACE_MS;
    while (isAlive(process_) && Date.now() < deadline) await sleep(50);
  } else if (beganAt(pid) !== undefined) return; // its id is another's by now
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    return; // nobody is left
  }
  while (beganAt(pid) === process_.began) await sleep(20);
}

/** Undefined when there is no such process, or only its remains. */
function beganAt(pid: number): string | undefined {
  try {
    const [state = "", ...began] = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    })
      .trim()
      .split(/\s+/);
    return state === "" || state.startsWith("Z") ? undefined : began.join(" ");
  } catch {
    return undefined;
  }
}
