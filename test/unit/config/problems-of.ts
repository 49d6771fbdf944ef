import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkConfig } from "../../../shared/config/load-config.ts";
import { formatProblem } from "../../../shared/config/problem.ts";
import { tempDir } from "../../helpers/temp-dir.ts";

/** Problems of a file with this text, one formatted line each. */
export function problemsOf(
  text: string | Uint8Array,
  env: Record<string, string> = {},
  flags: readonly string[] = [],
): string[] {
  using dir = tempDir();
  const file = join(dir.path, "router.yaml");
  writeFileSync(file, text);
  return checkConfig({ file, env, flags }).problems.map(formatProblem);
}
