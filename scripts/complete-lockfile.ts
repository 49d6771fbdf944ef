// Puts the platform packages that npm left out back into package-lock.json: `node scripts/complete-lockfile.ts [--check]`. npm writes only
// those that the registry at hand has; `npm ci` of npm 11 then refuses the file, and other platforms could not install from it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SYSTEMS = ["darwin", "linux", "win32", "android", "freebsd", "openharmony"];

interface LockedPackage {
  readonly version?: string;
  readonly cpu?: readonly string[];
  readonly os?: readonly string[];
  readonly libc?: readonly string[];
  readonly optional?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lockfile {
  packages: Record<string, LockedPackage>;
}

const file = join(import.meta.dirname, "..", "package-lock.json");
const lockfile: Lockfile = JSON.parse(readFileSync(file, "utf8"));
const missing = missingPackages(lockfile);

if (process.argv.includes("--check")) {
  for (const name of missing.keys()) process.stderr.write(`package-lock.json lacks ${name}\n`);
  if (missing.size > 0) process.stderr.write("Run: node scripts/complete-lockfile.ts\n");
  process.exitCode = missing.size > 0 ? 1 : 0;
} else if (missing.size > 0) {
  const all = [...Object.entries(lockfile.packages), ...missing];
  lockfile.packages = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lockfile, undefined, 2)}\n`);
  process.stdout.write(`added ${missing.size} platform packages\n`);
}

/** Optional dependencies with an exact version and no entry of their own, as the entries that npm would write. */
function missingPackages({ packages }: Lockfile): Map<string, LockedPackage> {
  const found = new Map<string, LockedPackage>();
  for (const owner of Object.values(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      const entry =
        /^\d/.test(version) && !(key in packages) ? platformEntry(name, version, owner) : undefined;
      if (entry) found.set(key, entry);
    }
  }
  return found;
}

/** Names end in `<os>-<cpu>[-<libc>]`. Undefined for what is no platform package. */
function platformEntry(name: string, version: string, owner: LockedPackage): LockedPackage | undefined {
  const system = SYSTEMS.find((one) => name.includes(`${one}-`));
  if (system === undefined) return undefined;
  const rest = name.slice(name.indexOf(`${system}-`) + system.length + 1);
  return {
    version,
    cpu: [rest.split("-", 1).join()],
    ...(owner.dev ? { dev: true } : {}),
    ...(system === "linux" ? { libc: [rest.includes("musl") ? "musl" : "glibc"] } : {}),
    ...(owner.license === undefined ? {} : { license: owner.license }),
    optional: true,
    os: [system],
  };
}
