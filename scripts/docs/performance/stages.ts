// Where the time goes: the stages one by one, beside what a whole run takes.
import type { StageFigures, StagesResult } from "../../../bench/harness/stage-result.ts";
import { caseOf, fixed, summaryOf, table, type Results } from "./figures.ts";

/** Stages that a run is made of; the others are there for comparison, or are part of one of these. */
const IN_A_RUN = ["inflate", "framing", "scan", "compress", "write"];

const ENOUGH_BYTES = 200e6;

export function stagesSection(stages: StagesResult | undefined, results: Results): string {
  if (!stages) return "Not measured yet: `make bench-stages`.\n";
  const rows = stages.stages.map((stage) => [
    `**${stage.name}**: ${stage.what}`,
    fixed(stage.raw_bytes / 1e6 / stage.wall_seconds, 0),
    fixed(cpuOf250(stage), 3),
  ]);
  return [
    `Each on one thread, in a process of its own, ${stages.megabytes} MB with ${stages.types} event types, medians of ${stages.rounds}. Megabytes are those of the uncompressed source,`,
    "whatever the stage works on, so that seconds add up.",
    "",
    table(["stage", "MB/s", "CPU s for 250 MB"], rows),
    "",
    bindingStage(stages, results),
    "",
  ].join("\n");
}

function cpuOf250(stage: StageFigures): number {
  return (stage.cpu_seconds * 250e6) / stage.raw_bytes;
}

function bindingStage({ stages }: StagesResult, results: Results): string {
  const inRun = stages.filter(({ name }) => IN_A_RUN.includes(name));
  const sum = inRun.reduce((total, stage) => total + cpuOf250(stage), 0);
  const [largest] = [...inRun].sort((a, b) => cpuOf250(b) - cpuOf250(a));
  const found = caseOf(results, "split", "usual");
  const [ours, theirs] = ["log-router", "zcat-zstd"].map((id) => summaryOf(results, "split", "usual", id));
  if (!largest || !found || !ours || !theirs) return "";
  // Of a small file starting is most: its CPU cannot be taken times ten.
  if (found.input.raw_bytes < ENOUGH_BYTES)
    return `**The stage that binds is ${largest.name}**: ${fixed(cpuOf250(largest))} of ${fixed(sum)} s of CPU for 250 MB.`;
  const scale = 250e6 / found.input.raw_bytes;
  const whole = ours.cpuSeconds * scale;
  const rest =
    whole > sum
      ? `${fixed(whole - sum)} s are in none of them: starting, threads, routing, shapes and the receipt.`
      : "the rest of a run is within the spread.";
  return (
    `The stages of a run (${inRun.map(({ name }) => name).join(", ")}) add up to ${fixed(sum)} s of CPU for 250 MB; a whole run takes ${fixed(whole)} s, ` +
    `\`zcat | zstd -1\` ${fixed(theirs.cpuSeconds * scale)} s. **The stage that binds is ${largest.name}** (${fixed(cpuOf250(largest))} s); ${rest}`
  );
}
