// Rules that pinned types, excluded and hashed paths and event times must keep.
import type { Path } from "../schema/types.ts";
import type { CheckedParts } from "./checked-parts.ts";
import { checkPath } from "./check-paths.ts";
import { MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE } from "./column-type.ts";
import { MAX_STRING_BYTES } from "../contracts/words.ts";
import { parseKeyPath } from "./parse-key-path.ts";
import type { Finding, SettingPath } from "./problem.ts";
import type { Config } from "./schema.ts";

interface Named {
  readonly at: SettingPath;
  readonly event: string;
  readonly path: Path;
}

const TIMES = ["timestamp", "timestamptz", "date", "epoch_seconds", "epoch_milliseconds"];

export function checkColumns({ valid }: CheckedParts): Finding[] {
  const findings: Finding[] = [];
  const types = Object.entries(valid.types ?? {}).flatMap(([event, pinned]) =>
    Object.entries(pinned).flatMap(([text, type]) => {
      const at = ["types", event, text];
      findings.push(...checkType(at, type));
      return named(findings, at, event, text).map((path) => ({ ...path, type }));
    }),
  );
  const exclude = listed(findings, "exclude", valid.exclude);
  const hash = listed(findings, "hash", valid.hash);
  const times = Object.entries(valid.tables?.event_time ?? {}).flatMap(([event, path]) =>
    named(findings, ["tables", "event_time", event], event, path),
  );
  return [
    ...findings,
    ...twice(types, "types"),
    ...twice(exclude, "exclude"),
    ...twice(hash, "hash"),
    ...clash(types, exclude, "is excluded, so its type has no effect"),
    ...clash(types, hash, "is hashed, so its type has no effect"),
    ...clash(hash, exclude, "is excluded, so it cannot be hashed as well"),
    ...clash(times, exclude, "is excluded, so it cannot be the sort key"),
    ...clash(times, hash, "is hashed, so it cannot be the sort key"),
    ...clash(
      times,
      types.filter(({ type }) => !TIMES.includes(type)),
      "is pinned to a type that is no time",
    ),
  ];
}

function checkType(path: SettingPath, type: string): Finding[] {
  const [, name, first, second] = /^(decimal|string)\((\d+),?(\d*)\)$/.exec(type) ?? [];
  const digits = Number(first);
  if (name === "decimal" && (digits < 1 || digits > MAX_DECIMAL_DIGITS)) {
    return [
      {
        path,
        found: type,
        problem: `decimal has 1 to ${MAX_DECIMAL_DIGITS} digits`,
        fix: "Write decimal(38,2), for example.",
      },
    ];
  }
  const scale = Number(second);
  if (name === "decimal" && (scale > digits || scale > MAX_DECIMAL_SCALE)) {
    const problem = `decimal(p,s) has at most p digits behind the point, and at most ${MAX_DECIMAL_SCALE}`;
    return [
      { path, found: type, problem, fix: `Write decimal(${digits},${Math.min(2, digits)}), for example.` },
    ];
  }
  if (name === "string" && (digits < 1 || digits > MAX_STRING_BYTES)) {
    return [
      {
        path,
        found: type,
        problem: `string has 1 to ${MAX_STRING_BYTES} bytes`,
        fix: `Write string(${MAX_STRING_BYTES}).`,
      },
    ];
  }
  return [];
}

function named(
  findings: Finding[],
  at: SettingPath,
  event: string,
  path: string | readonly string[],
): Named[] {
  const wrong = checkPath(at, path);
  findings.push(...wrong);
  return wrong.length > 0 ? [] : [{ at, event, path: parseKeyPath(path) }];
}

function listed(
  findings: Finding[],
  setting: "exclude" | "hash",
  lists: Config["exclude"] | undefined,
): Named[] {
  return Object.entries(lists ?? {}).flatMap(([event, paths]) =>
    paths.flatMap((path, index) => named(findings, [setting, event, index], event, path)),
  );
}

/** The same path under the same event type, written in two ways. */
function twice(paths: readonly Named[], setting: string): Finding[] {
  const ids = paths.map(idOf);
  return paths.flatMap(({ at }, index) =>
    ids.indexOf(ids[index]!) === index
      ? []
      : [{ path: at, problem: `the same path stands in ${setting} twice`, fix: "Remove one of them." }],
  );
}

function clash(paths: readonly Named[], others: readonly Named[], problem: string): Finding[] {
  const taken = new Set(others.map(idOf));
  return paths
    .filter((path) => taken.has(idOf(path)))
    .map(({ at }) => ({ path: at, problem, fix: "Remove one of the two." }));
}

function idOf({ event, path }: Named): string {
  return JSON.stringify([event, path]);
}
