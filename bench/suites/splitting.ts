// Splitting against the yardstick (`zcat | zstd -1`), and against every other tool.
import {
  logRouter,
  logRouterOneCore,
  otherTools,
  slowTools,
  zcatZstd,
  zcatZstdOneCore,
} from "../contestants/routers.ts";
import { sample, type Sample, type SampleWanted } from "../harness/files.ts";
import type { Case, Contestant } from "../harness/suite.ts";
import type { Profile } from "./profile.ts";

const FEW_TYPES = 14;
const BASELINE = "zcat-zstd";

/** 14 and thousands of event types, one and four times the size, two threads and one core. */
export async function splitCases({ megabytes, largeMegabytes, manyTypes }: Profile): Promise<Case[]> {
  const usual = await sample({ megabytes, types: FEW_TYPES });
  const many = await sample({ megabytes, types: manyTypes });
  const pair = (input: Sample): Contestant[] => [zcatZstd(input), logRouter(input)];
  const cases = [
    splitting("usual", "The usual file", usual, [
      ...pair(usual),
      logRouterOneCore(usual),
      zcatZstdOneCore(usual),
    ]),
    splitting("many-types", "Many event types", many, pair(many)),
  ];
  if (largeMegabytes === 0) return cases;
  const large = await sample({ megabytes: largeMegabytes, types: FEW_TYPES });
  const largeMany = await sample({ megabytes: largeMegabytes, types: manyTypes });
  return [
    ...cases,
    splitting("large", "Four times the size", large, pair(large)),
    splitting("large-many-types", "Four times the size, many event types", largeMany, pair(largeMany)),
  ];
}

/** Everybody on the same file; the slow ones not on the largest. */
export async function peerCases({ megabytes, largeMegabytes, manyTypes }: Profile): Promise<Case[]> {
  const wanted = (megabytes: number, types: number): SampleWanted => ({ megabytes, types, eventsOnly: true });
  const usual = await sample(wanted(megabytes, FEW_TYPES));
  const many = await sample(wanted(megabytes, manyTypes));
  const fast = (input: Sample): Contestant[] => [zcatZstd(input), logRouter(input), ...otherTools(input)];
  const cases = [
    splitting("peers", "Other tools", usual, [...fast(usual), ...slowTools(usual)]),
    splitting("peers-many-types", "Other tools, many event types", many, fast(many)),
  ];
  if (largeMegabytes === 0) return cases;
  const large = await sample(wanted(largeMegabytes, FEW_TYPES));
  return [...cases, splitting("peers-large", "Other tools, four times the size", large, fast(large))];
}

function splitting(id: string, title: string, input: Sample, contestants: readonly Contestant[]): Case {
  return {
    id,
    title,
    input: input.description,
    variables: { FILE: input.path },
    baseline: BASELINE,
    contestants,
  };
}
