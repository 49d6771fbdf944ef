// Format text: one line of an access log → the JSON text of one object, or nothing when the pattern does not match.
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { fieldJson, type FieldKind } from "./fields.ts";
import { PRESETS, type Preset } from "./presets.ts";

export interface LineParser {
  /** Names of the fields, which become members. */
  readonly fields: readonly string[];
  /** Event type of lines that have no field for it: the pattern's name. */
  readonly name: string;
  parse(line: string): ParsedLine;
}

/** json: the object's text. directive: belongs to the file, not a record. */
export type ParsedLine =
  | { readonly kind: "object"; readonly json: string }
  | { readonly kind: "directive" | "none" };

const NONE: ParsedLine = { kind: "none" };
const DIRECTIVE: ParsedLine = { kind: "directive" };

/** Throws CONFIG_INVALID when there is no such preset, or the expression is none or has no named group. */
export function lineParser(pattern: SourceSettings["pattern"]): LineParser {
  const { name, preset } = presetOf(pattern);
  const fields = groupNames(preset.expression);
  if (fields.length === 0) {
    throw new RouterError(
      "CONFIG_INVALID",
      `patterns.${name}: the expression has no named group, like (?<status>\\d+)`,
    );
  }
  const output = preset.joinDateAndTime ? fields.filter((field) => field !== "date") : fields;
  return { name, fields: output, parse: (line) => parseLine(line, preset, output) };
}

function parseLine(line: string, preset: Preset, fields: readonly string[]): ParsedLine {
  if (preset.directive !== undefined && line.startsWith(preset.directive)) return DIRECTIVE;
  const groups = preset.expression.exec(line)?.groups;
  if (!groups) return NONE;
  if (preset.joinDateAndTime) groups["time"] = `${groups["date"]}T${groups["time"]}Z`;
  const members: string[] = [];
  for (const field of fields) {
    const kind: FieldKind = Object.hasOwn(preset.kinds, field) ? preset.kinds[field]! : "text";
    const json = fieldJson(groups[field], kind);
    if (json !== undefined) members.push(`${JSON.stringify(field)}:${json}`);
  }
  return { kind: "object", json: `{${members.join(",")}}` };
}

function presetOf(pattern: SourceSettings["pattern"]): { name: string; preset: Preset } {
  if (!pattern) {
    throw new RouterError(
      "CONFIG_INVALID",
      "format text needs a pattern: combined, s3_access, alb, cloudfront or one of `patterns`",
    );
  }
  const { name, expression } = pattern;
  if (expression === undefined) {
    const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
    if (preset) return { name, preset };
    throw new RouterError(
      "CONFIG_INVALID",
      `pattern ${name} is neither a preset (${Object.keys(PRESETS).join(", ")}) nor in \`patterns\``,
    );
  }
  try {
    return { name, preset: { expression: new RegExp(expression, "u"), kinds: {} } };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RouterError("CONFIG_INVALID", `patterns.${name}: ${reason}`, { cause });
  }
}

/** An alternative that matches the empty text tells which groups there are. */
function groupNames(expression: RegExp): string[] {
  return Object.keys(new RegExp(`${expression.source}|`, expression.flags).exec("")?.groups ?? {});
}
