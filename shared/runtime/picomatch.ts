// picomatch when there is a glob: most calls have none, and its six modules take 2 ms to load.
import { createRequire } from "node:module";
import type Picomatch from "picomatch";

/** The package, which is loaded with the first call. */
export function picomatch(): typeof Picomatch {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the package's own types say of it
  return createRequire(import.meta.url)("picomatch") as typeof Picomatch;
}
