// zod's issues → findings in the project's words, each with what to write instead.
import type { z } from "zod";
import { closest } from "./closest.ts";
import { BUCKET_PATTERN, COLUMN_TYPE_PATTERN, QUEUE_URL_PATTERN } from "./patterns.ts";
import { shown, type Finding, type SettingPath } from "./problem.ts";
import { allSettings, nodeAt } from "./settings.ts";

const COLUMN_TYPES = [
  "integer",
  "double",
  "decimal(18,2)",
  "boolean",
  "timestamp",
  "timestamptz",
  "date",
  "string(1024)",
  "json",
  "epoch_seconds",
  "epoch_milliseconds",
];

const EXPECTED: Readonly<Record<string, string>> = {
  string: "a text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "settings (key: value)",
  record: "names with values (name: value)",
};

/** Findings for one issue; several when one issue names several unknown keys. `issue.input` must be reported. */
export function describeIssue(issue: z.core.$ZodIssue): readonly Finding[] {
  const path = issue.path.filter((key) => typeof key !== "symbol");
  const found = shown(issue.input);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key));
    case "invalid_type":
      return [wrongType(path, issue.expected, issue.input)];
    case "invalid_union":
      return [
        {
          path,
          found,
          problem: "must be a path",
          fix: "Write a text (a dot goes down one level), or a list of paths; a path that is a list of keys takes each as it is.",
        },
      ];
    case "invalid_value":
      return [{ path, found, ...wrongChoice(issue.values, issue.input) }];
    case "too_small":
    case "too_big":
      return [{ path, found, ...outOfRange(issue) }];
    case "invalid_format":
      return [{ path, found, ...wrongFormat(issue.pattern, issue.input) }];
    case "invalid_key":
      return [
        { path, problem: "the name is empty", fix: "Write a name in front of the colon.", atKey: true },
      ];
    case "invalid_element":
    case "not_multiple_of":
    case "custom":
      break;
  }
  return [{ path, found, problem: issue.message, fix: "See docs/configuration.md." }];
}

function unknownKey(path: SettingPath, key: string): Finding {
  const siblings = Object.keys(nodeAt(path)?.properties ?? {});
  const elsewhere = allSettings().find((setting) => setting.path.at(-1) === key);
  const near = closest(key, siblings);
  const fix =
    near !== undefined
      ? `Did you mean ${near}?`
      : elsewhere !== undefined
        ? `It belongs to ${elsewhere.path.slice(0, -1).join(".") || "the top level"}.`
        : `Known here: ${siblings.join(", ")}.`;
  return { path: [...path, key], problem: "unknown setting", fix, atKey: true };
}

function wrongType(path: SettingPath, expected: string, input: unknown): Finding {
  const what = EXPECTED[expected] ?? expected;
  if (input === undefined) return { path, problem: "is missing", fix: `Write ${what}.` };
  const quotable = expected === "string" && (typeof input === "number" || typeof input === "boolean");
  const fix = quotable
    ? `Put it in quotes: ${JSON.stringify(String(input))}.`
    : expected === "array" && typeof input === "string"
      ? `Write it as a list: [${JSON.stringify(input)}].`
      : `Write ${what}.`;
  return { path, problem: `must be ${what}`, found: input === null ? "nothing" : shown(input), fix };
}

function wrongChoice(values: readonly unknown[], input: unknown): { problem: string; fix: string } {
  if (values.length === 1) {
    return { problem: `can only be ${shown(values[0])}`, fix: "Leave it out if it is not meant." };
  }
  const near = typeof input === "string" ? closest(input, values.map(String)) : undefined;
  return {
    problem: `must be one of ${values.map(String).join(", ")}`,
    fix: near === undefined ? "Choose one of them." : `Did you mean ${near}?`,
  };
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): {
  problem: string;
  fix: string;
} {
  const limit = issue.code === "too_small" ? issue.minimum : issue.maximum;
  if (issue.origin === "string" || issue.origin === "array") {
    return {
      problem: "must not be empty",
      fix:
        issue.origin === "array"
          ? "List at least one, or leave the setting out."
          : "Write a text, or leave the setting out.",
    };
  }
  return issue.code === "too_small"
    ? { problem: `must be at least ${limit}`, fix: `Write ${limit} or more.` }
    : { problem: `must be at most ${limit}`, fix: `Write ${limit} or less.` };
}

function wrongFormat(pattern: string | undefined, input: unknown): { problem: string; fix: string } {
  if (pattern === String(BUCKET_PATTERN)) {
    const fix = "Write the name alone, without s3:// and without a prefix: 3 to 63 of a-z, 0-9, . and -.";
    return { problem: "is not the name of a bucket", fix };
  }
  if (pattern === String(QUEUE_URL_PATTERN)) {
    const fix = "Write the queue's URL: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.";
    return { problem: "is not the URL of a queue", fix };
  }
  if (pattern !== String(COLUMN_TYPE_PATTERN)) {
    return { problem: `must match ${pattern}`, fix: "See docs/configuration.md." };
  }
  const near = typeof input === "string" ? closest(input, COLUMN_TYPES) : undefined;
  return {
    problem: "is not a column type",
    fix: near === undefined ? `Types are ${COLUMN_TYPES.join(", ")}.` : `Did you mean ${near}?`,
  };
}
