// Paths to fields that a line can have.
import { MAX_KEY_BYTES, SYSTEM_PREFIX } from "../contracts/words.ts";
import { parseKeyPath } from "./parse-key-path.ts";
import { shown, type Finding, type SettingPath } from "./problem.ts";

/** Problems of one path: keys that no line can have where they would be looked for. */
export function checkPath(at: SettingPath, path: string | readonly string[]): Finding[] {
  const found = shown(path);
  let keys: readonly string[];
  try {
    keys = parseKeyPath(path);
  } catch {
    const fix = "Each key needs at least one character; a key with a dot in it is written as a list: [a.b].";
    return [{ path: at, found, problem: "has an empty key", fix }];
  }
  if (keys[0]!.startsWith(SYSTEM_PREFIX)) {
    return [
      { path: at, found, problem: `${SYSTEM_PREFIX}* is reserved for system columns`, fix: "Remove it." },
    ];
  }
  const long = keys.some(
    (key) => Buffer.byteLength(key) > MAX_KEY_BYTES || key.includes("\0") || !key.isWellFormed(),
  );
  if (!long) return [];
  const problem = `has a key that gets no column (over ${MAX_KEY_BYTES} bytes, NUL, or half a surrogate pair)`;
  return [{ path: at, found, problem, fix: "Such values are in _lr_rescued. Remove the path." }];
}
