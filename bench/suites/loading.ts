// From a gz file, or from ready parts, to queryable typed tables, against DuckDB's SQL written by hand.
import { join } from "node:path";
import { byHand, logRouterRun, partLoaders, splitInto } from "../contestants/loaders.ts";
import { sample } from "../harness/files.ts";
import type { Case } from "../harness/suite.ts";
import type { Profile } from "./profile.ts";

/** `scratch` keeps the ready parts for as long as the suite runs. */
export async function loadingCases({ megabytes }: Profile, scratch: string): Promise<Case[]> {
  const input = await sample({ megabytes, types: 14, eventsOnly: true });
  const data = join(scratch, "ready");
  await splitInto(data, input);
  return [
    {
      id: "end-to-end",
      title: "From the gz file to typed tables",
      input: input.description,
      variables: { FILE: input.path },
      baseline: "declared",
      contestants: [...byHand(input), logRouterRun(input)],
    },
    {
      id: "ready-parts",
      title: "From ready parts to typed tables",
      input: input.description,
      variables: { DATA: data },
      baseline: "parts",
      contestants: partLoaders(input, data),
    },
  ];
}
