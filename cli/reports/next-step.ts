// What a person should do about a source, as a sentence with the command to type.
import { sourceName } from "../compose/s3-path.ts";
import { shellQuote } from "../output/shell-quote.ts";

export interface Situation {
  readonly state: string;
  readonly id: string;
  /** Empty when nothing is known of it. */
  readonly bucket: string;
  readonly key: string;
  readonly deadQueues: readonly ("split" | "load" | "backfill")[];
  readonly pendingUnits: number;
  readonly quarantined: number;
}

/** Always one sentence; the commands in it can be pasted into a shell. */
export function nextStep(situation: Situation): string {
  const { state, id, bucket, key, deadQueues, pendingUnits, quarantined } = situation;
  const file = shellQuote(sourceName(bucket, key));
  const route = file.includes("s3://") ? `log-router backfill ${file}` : `log-router run ${file} --once`;
  if (deadQueues.length > 0 && state !== "loaded") {
    return `Its message is a dead letter: see the reason, then move it back with: log-router dead redrive --queue ${deadQueues[0]}`;
  }
  if (pendingUnits > 0) {
    return `${pendingUnits} of its units are tried again at the time shown, while a loader runs: ${route}`;
  }
  switch (state) {
    case "waiting":
      return `It has not been split yet. Route it with: ${route}`;
    case "unloaded":
    case "loading":
      return `It has been split and waits to be loaded: ${route}`;
    case "failed":
      return `Its bytes are corrupt. Write the whole file again, or load the lines before the break with: log-router salvage ${file}`;
    case "replaced":
      return "Nothing: newer content under the same key has taken its place.";
    case "ignored":
      return "Nothing: by on_overwrite: ignore, the content that was there first stays.";
    case "dead":
      return `It could not be worked on. See the reason, then: ${route}`;
    default:
      return quarantined > 0
        ? `Nothing. Its quarantined lines: log-router quarantine show ${id.slice(0, 12)}`
        : "Nothing: every line is accounted for.";
  }
}
