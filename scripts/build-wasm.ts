// Compiles the scanner's inner loop: `make wasm`. The module is kept in the repository, so that running the project needs no compiler; a test
// holds that it is what its source gives.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PAGES } from "../services/splitter/scan/wasm/assembly/layout.ts";

const FOLDER = new URL("../services/splitter/scan/wasm/", import.meta.url);
const COMPILER = new URL("../node_modules/assemblyscript/bin/asc.js", import.meta.url);

/** The module that the source gives. Throws with the compiler's messages when it has errors. */
export async function compileScanner(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "scanner-"));
  const module = join(folder, "scanner.wasm");
  const options = [
    "-O3",
    "--noAssert",
    "--runtime=stub",
    "--enable=simd,threads",
    "--importMemory",
    "--sharedMemory",
    `--initialMemory=${PAGES}`,
    `--maximumMemory=${PAGES}`,
    `--outFile=${module}`,
  ];
  try {
    const arguments_ = [fileURLToPath(COMPILER), "assembly/index.ts", ...options];
    await promisify(execFile)(process.execPath, arguments_, { cwd: FOLDER });
    return await readFile(module);
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) await writeFile(new URL("scanner.wasm", FOLDER), await compileScanner());
