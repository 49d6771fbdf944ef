// The configuration file as a plain value, with the line of every key and value in it.
import {
  LineCounter,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type YAMLMap,
} from "yaml";
import type { SettingPath } from "./problem.ts";

const TOO_DEEP = "it is nested too deeply";

export interface YamlProblem {
  readonly line: number;
  readonly problem: string;
}

export interface YamlFile {
  /** Undefined when there are problems, or nothing in the file. */
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  /** 1-based line of the value at the path (or of its key), or of the nearest thing above it that is in the file. */
  lineOf(path: SettingPath, atKey?: boolean): number;
}

/** Reads YAML 1.2 (core schema). Never throws: what cannot be read is in `problems`. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = [...document.errors, ...document.warnings].map((error) => ({
      line: lineAt(error.pos[0]),
      problem: error.message.startsWith("Maximum call stack") ? TOO_DEEP : error.message,
    }));
    const value: unknown = problems.length === 0 ? document.toJS({ maxAliasCount: 100 }) : undefined;
    return {
      value: value ?? undefined,
      problems,
      lineOf: (path, atKey) => lineAt(offsetOf(document, path, atKey)),
    };
  } catch (error) {
    const reason = error instanceof RangeError ? TOO_DEEP : String(error);
    return { value: undefined, problems: [{ line: 1, problem: reason }], lineOf: () => 1 };
  }
}

function offsetOf(document: Document, path: SettingPath, atKey = false): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [depth, key] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = pairOf(node, String(key));
      if (!pair) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      node = node.items[key];
    } else {
      return offset;
    }
    if (!(last && atKey)) offset = startOf(node) ?? offset;
  }
  return offset;
}

function pairOf(map: YAMLMap, key: string): { key: unknown; value: unknown } | undefined {
  return map.items.find((pair) => String(isScalar(pair.key) ? pair.key.value : pair.key) === key);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
