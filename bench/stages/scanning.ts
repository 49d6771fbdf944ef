// From blocks to part lines and shapes: the scanner with and without building part lines, its slow path, and JSON.parse for comparison.
import type { Config } from "../../shared/config/schema.ts";
import { blocksOf, newScanner, scanAll, type Stage, type StageInput } from "./stage.ts";

export const SCAN: Stage = {
  name: "scan",
  what: "validate, find the event type, collect the shape, build part lines: the scanner as a thread runs it",
  prepare: (input) => scanning(input),
};

export const SCAN_ONLY: Stage = {
  name: "scan, no part lines",
  what: "the same with every event type dropped by a rule: what is missing to `scan` is shape counting and part building",
  prepare: (input) => scanning({ ...input, config: droppingAll(input.config) }),
};

export const SLOW_PATH: Stage = {
  name: "slow path",
  what: "the scanner when every line has a duplicate key, so that JSON.parse decides and the line is rewritten (a tenth of the sample)",
  prepare: async (input) => {
    const tenth = input.raw.subarray(0, input.raw.lastIndexOf("\n", input.raw.length / 10) + 1);
    const lines = tenth.toString().replaceAll(/^\{/gm, '{"a":1,"a":2,');
    return scanning({ ...input, raw: Buffer.from(lines) });
  },
};

export const JSON_PARSE: Stage = {
  name: "JSON.parse",
  what: "for comparison: each line decoded and parsed by V8, nothing collected",
  prepare: async (input) => {
    const blocks = await blocksOf(input);
    return () => {
      for (const { bytes } of blocks) {
        for (const line of Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString().split("\n")) {
          try {
            JSON.parse(line);
          } catch {
            // A broken line costs what it costs.
          }
        }
      }
    };
  },
};

/** One scanner over all rounds, as a thread that has been running for a while. */
async function scanning(input: StageInput): Promise<() => Promise<void>> {
  const blocks = await blocksOf(input);
  const scanner = newScanner(input.config);
  return () => scanAll(scanner, blocks);
}

function droppingAll(config: Config): Config {
  return { ...config, routes: [{ match: "*", drop: true }] };
}
