// Numbers that only make sense together.
import type { CheckedParts } from "./checked-parts.ts";
import { checkSchemaName, checkTableName } from "./check-names.ts";
import type { Finding } from "./problem.ts";

/** Below, parts would be cut every few lines. */
const LEAST_MEMORY = 1_000_000;

export function checkLimits({ valid }: CheckedParts): Finding[] {
  const { splitter, loader, tables, aws, shutdown_grace_seconds: grace } = valid;
  return [
    ...(aws ? checkSilence(aws) : []),
    ...(splitter ? checkSplitter(splitter) : []),
    ...(loader ? checkLoader(loader) : []),
    ...(tables ? checkSchemaName(["tables", "schema"], tables.schema) : []),
    ...(tables ? checkTableName(["tables", "catch_all_table"], tables.catch_all_table) : []),
    ...(splitter && grace !== undefined ? checkGrace("splitter", splitter.visibility_seconds, grace) : []),
    ...(loader && grace !== undefined ? checkGrace("loader", loader.visibility_seconds, grace) : []),
  ];
}

function checkSplitter(splitter: NonNullable<CheckedParts["valid"]["splitter"]>): Finding[] {
  const findings: Finding[] = [];
  if (splitter.memory_bytes < LEAST_MEMORY) {
    const problem = "is too little to work with";
    findings.push({
      path: ["splitter", "memory_bytes"],
      problem,
      found: `${splitter.memory_bytes}`,
      fix: `Write ${LEAST_MEMORY} or more.`,
    });
  }
  if (splitter.part_bytes > splitter.scratch_bytes) {
    const problem = "must not be over scratch_bytes, where a part is collected";
    const found = `${splitter.part_bytes} over ${splitter.scratch_bytes}`;
    findings.push({
      path: ["splitter", "part_bytes"],
      problem,
      found,
      fix: "Make part_bytes smaller or scratch_bytes larger.",
    });
  }
  return findings;
}

function checkLoader(loader: NonNullable<CheckedParts["valid"]["loader"]>): Finding[] {
  if (loader.batch_age_seconds < loader.hold_seconds) return [];
  const problem = "must be under hold_seconds, or every unit would go to `pending` before its batch closes";
  const found = `${loader.batch_age_seconds}, hold_seconds ${loader.hold_seconds}`;
  return [
    { path: ["loader", "batch_age_seconds"], problem, found, fix: `Write less than ${loader.hold_seconds}.` },
  ];
}

/** A long poll for messages is silent as long as none comes. */
function checkSilence(aws: NonNullable<CheckedParts["valid"]["aws"]>): Finding[] {
  const { silence_seconds: silence, receive_wait_seconds: wait } = aws;
  if (silence > wait) return [];
  const problem = `must be over receive_wait_seconds (${wait}), or every receive that waits for messages is given up`;
  const fix = `Write more than ${wait}, or make receive_wait_seconds shorter.`;
  return [{ path: ["aws", "silence_seconds"], problem, found: `${silence}`, fix }];
}

/** Work that goes on after the stop signal holds its messages: another worker must not get them meanwhile. */
function checkGrace(worker: "splitter" | "loader", visibility: number, grace: number): Finding[] {
  if (grace < visibility) return [];
  const problem = `must be over shutdown_grace_seconds (${grace}), or a stopping worker's messages are delivered to another one`;
  const path = [worker, "visibility_seconds"];
  return [
    { path, problem, found: `${visibility}`, fix: `Write more than ${grace}, or make the grace shorter.` },
  ];
}
