// What a person should do about a source, as a sentence with the command to type.
import { shellQuote } from "../output/shell-quote.ts";

export interface Situation {
  readonly state: string;
  readonly id: string;
  readonly key: string;
  readonly deadQueues: readonly ("split" | "load")[];
  readonly pendingUnits: number;
  readonly quarantined: number;
}

/** Always one sentence; the commands in it can be pasted into a shell. */
export function nextStep({ state, id, key, deadQueues, pendingUnits, quarantined }: Situation): string {
  const file = shellQuote(key);
  if (deadQueues.length > 0 && state !== "loaded") {
    return `Its message is a dead letter: see the reason, then move it back with: log-router dead redrive --queue ${deadQueues[0]}`;
  }
  if (pendingUnits > 0) {
    return `${pendingUnits} of its units are tried again at the time shown, while a loader runs: log-router run ${file} --once`;
  }
  switch (state) {
    case "waiting":
      return `It has not been split yet. Route it with: log-router run ${file} --once`;
    case "unloaded":
    case "loading":
      return `It has been split and waits to be loaded: log-router run ${file} --once`;
    case "failed":
      return `Its bytes are corrupt. Write the whole file again, or load the lines before the break with: log-router salvage ${file}`;
    case "replaced":
      return "Nothing: newer content under the same key has taken its place.";
    case "ignored":
      return "Nothing: by on_overwrite: ignore, the content that was there first stays.";
    case "dead":
      return `It could not be worked on. See the reason, then: log-router run ${file} --once`;
    default:
      return quarantined > 0
        ? `Nothing. Its quarantined lines: log-router quarantine show ${id.slice(0, 12)}`
        : "Nothing: every line is accounted for.";
  }
}
