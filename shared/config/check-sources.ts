// Rules that source rules and their patterns must keep.
import { MAX_EVENT_TYPE_BYTES, SYSTEM_PREFIX } from "../contracts/words.ts";
import type { CheckedParts, Item } from "./checked-parts.ts";
import { checkPath } from "./check-paths.ts";
import { closest } from "./closest.ts";
import { parseKeyPaths } from "./parse-key-path.ts";
import type { Finding } from "./problem.ts";
import type { SourceRule } from "./schema.ts";

/** Patterns that format text knows by itself. */
export const PATTERN_PRESETS = ["combined", "s3_access", "alb", "cloudfront"] as const;

export function checkSources(parts: CheckedParts): Finding[] {
  const { valid } = parts;
  const top = valid.event_type === undefined ? [] : checkEventTypePaths(["event_type"], valid.event_type);
  return [
    ...top,
    ...Object.entries(valid.patterns ?? {}).flatMap(([name, text]) => checkPattern(name, text)),
    ...parts.sources.flatMap((rule) => [
      ...checkFormat(rule),
      ...checkPatternName(rule, valid.patterns),
      ...checkEventType(rule),
    ]),
  ];
}

function checkPattern(name: string, text: string): Finding[] {
  const path = ["patterns", name];
  if (PATTERN_PRESETS.some((preset) => preset === name)) {
    return [{ path, problem: "has the name of a preset", fix: "Choose another name.", atKey: true }];
  }
  const groups = namedGroups(text);
  if (typeof groups === "string") {
    return [{ path, problem: `is not a regular expression: ${groups}`, fix: "JavaScript's syntax holds." }];
  }
  if (groups.length === 0) {
    const fix = "Name what is to be a field: (?<status>\\d+).";
    return [{ path, problem: "has no named groups, so lines would have no fields", fix }];
  }
  const system = groups.find((group) => group.startsWith(SYSTEM_PREFIX));
  if (system === undefined) return [];
  return [
    { path, problem: `the group ${system} has the prefix of system columns`, fix: "Choose another name." },
  ];
}

/** Names of the groups, or what is wrong with the expression. */
function namedGroups(text: string): readonly string[] | string {
  try {
    // With an empty alternative it matches the empty text, and the match lists every group there is.
    return Object.keys(new RegExp(`${text}|`).exec("")?.groups ?? {});
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(/\|?\/:/, "/:");
  }
}

function checkFormat({ path, value, raw }: Item<SourceRule>): Finding[] {
  const findings: Finding[] = [];
  if (value.format === "text" && value.pattern === undefined) {
    const fix = `Add pattern: one of ${PATTERN_PRESETS.join(", ")}, or a name from patterns.`;
    findings.push({ path: [...path, "format"], problem: "text needs a pattern", fix });
  }
  if (value.format !== "text" && value.pattern !== undefined) {
    findings.push({
      path: [...path, "pattern"],
      problem: "holds only for format: text",
      fix: "Add format: text, or remove it.",
    });
  }
  if (value.format !== "records" && raw["records"] !== undefined) {
    findings.push({
      path: [...path, "records"],
      problem: "holds only for format: records",
      fix: "Add format: records, or remove it.",
    });
  }
  return findings;
}

function checkPatternName(
  rule: Item<SourceRule>,
  patterns: Readonly<Record<string, string>> | undefined,
): Finding[] {
  const name = rule.value.pattern;
  if (name === undefined || patterns === undefined) return [];
  const names = [...PATTERN_PRESETS, ...Object.keys(patterns)];
  if (names.includes(name)) return [];
  const near = closest(name, names);
  const fix =
    near === undefined
      ? `Known: ${names.join(", ")}. Others are written under patterns.`
      : `Did you mean ${near}?`;
  return [
    {
      path: [...rule.path, "pattern"],
      problem: "there is no such pattern",
      found: JSON.stringify(name),
      fix,
    },
  ];
}

function checkEventType({ path, value }: Item<SourceRule>): Finding[] {
  const constant = value.constant_event_type;
  const findings =
    value.event_type === undefined ? [] : checkEventTypePaths([...path, "event_type"], value.event_type);
  if (constant === undefined) return findings;
  const at = [...path, "constant_event_type"];
  if (value.event_type !== undefined) {
    findings.push({ path: at, problem: "and event_type exclude each other", fix: "Keep one of them." });
  }
  if (Buffer.byteLength(constant) > MAX_EVENT_TYPE_BYTES) {
    findings.push({ path: at, problem: `is longer than ${MAX_EVENT_TYPE_BYTES} bytes`, fix: "Shorten it." });
  }
  if (constant.startsWith(SYSTEM_PREFIX)) {
    findings.push({
      path: at,
      problem: `starts with ${SYSTEM_PREFIX}, which is reserved`,
      fix: "Choose another name.",
    });
  }
  return findings;
}

function checkEventTypePaths(path: Finding["path"], paths: NonNullable<SourceRule["event_type"]>): Finding[] {
  const list = typeof paths === "string" ? [paths] : paths;
  const findings = list.flatMap((one, index) =>
    checkPath(typeof paths === "string" ? path : [...path, index], one),
  );
  if (findings.length > 0) return findings;
  const texts = parseKeyPaths(paths).map((keys) => JSON.stringify(keys));
  const twice = texts.findIndex((text, index) => texts.indexOf(text) !== index);
  return twice === -1
    ? []
    : [{ path: [...path, twice], problem: "is listed twice", fix: "Remove one of them." }];
}
