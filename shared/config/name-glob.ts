// Globs on event types: `*` is any text, `?` one character; everything else stands for itself. (Globs on object keys are picomatch's.)

/** True when the name has a `*` or `?`, which makes it a glob. */
export function isNameGlob(name: string): boolean {
  return name.includes("*") || name.includes("?");
}

/** Compiles a name or glob to a test on whole event types. Case counts. */
export function nameMatcher(glob: string): (name: string) => boolean {
  if (!isNameGlob(glob)) return (name) => name === glob;
  const source = glob
    .replace(/[\\^$.|+()[\]{}/]/g, String.raw`\$&`)
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  // s: a name may hold line ends. u: `?` is one character, not half of one.
  const expression = new RegExp(`^${source}$`, "su");
  return (name) => expression.test(name);
}
