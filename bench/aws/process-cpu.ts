// Processor time of running processes and all they have started, from /proc: who the time of a pipeline goes to.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

interface ProcessTimes {
  readonly parent: number;
  readonly command: string;
  /** User and system time of the process and of its children that have ended and were waited for, in clock ticks. */
  readonly ticks: number;
}

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Fields of /proc/PID/stat (proc(5)); the command stands in parentheses and may hold anything. */
export function parseStat(text: string): ProcessTimes {
  const [open, close] = [text.indexOf("("), text.lastIndexOf(")")];
  const fields = text.slice(close + 2).split(" ");
  const of = (number: number): number => Number(fields[number - 3]);
  return {
    parent: of(4),
    command: text.slice(open + 1, close),
    ticks: of(14) + of(15) + of(16) + of(17),
  };
}

function allProcesses(): Map<number, ProcessTimes> {
  const found = new Map<number, ProcessTimes>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, "utf8")));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** What belongs to whom: a process id, and which of the commands below it are counted apart, by name. */
export interface Owner {
  readonly name: string;
  readonly pid: number;
  /** Commands (as in /proc/PID/stat) below `pid` that belong to `name` of this; everything below them too. */
  readonly apart?: { readonly command: string; readonly name: string };
}

/** Seconds by owner's name, since each process began. */
export function cpuSeconds(owners: readonly Owner[]): Map<string, number> {
  const all = allProcesses();
  const children = Map.groupBy(all.keys(), (pid) => all.get(pid)!.parent);
  const seconds = new Map<string, number>();
  const add = (pid: number, owner: Owner, isApart: boolean): void => {
    const times = all.get(pid);
    if (!times) return;
    const apart = isApart || times.command === owner.apart?.command;
    const name = apart && owner.apart ? owner.apart.name : owner.name;
    seconds.set(name, (seconds.get(name) ?? 0) + times.ticks / TICKS_PER_SECOND);
    for (const child of children.get(pid) ?? []) add(child, owner, apart);
  };
  for (const owner of owners) add(owner.pid, owner, false);
  return seconds;
}

/** Seconds that all cores together were busy since the machine began. */
export function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** What was used between two looks, by name; names that came later began at 0. */
export function used(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Map<string, number> {
  return new Map([...after].map(([name, seconds]) => [name, Math.max(0, seconds - (before.get(name) ?? 0))]));
}
