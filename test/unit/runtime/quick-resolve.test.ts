import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveQuickly } from "../../../shared/runtime/quick-resolve.ts";

describe("resolveQuickly", () => {
  let folder: string;
  const load = (file: string): Promise<unknown> => import(pathToFileURL(join(folder, file)).href);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "log-router-resolve-"));
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
  });
  after(() => rm(folder, { recursive: true }));

  it("finds modules by relative paths, up and down, once each, and leaves the rest to Node", async () => {
    await writeFile(
      join(folder, "a.ts"),
      'import { sep } from "node:path";\nexport const a: unknown = { sep };\n',
    );
    await writeFile(join(folder, "b b.ts"), 'export { a } from "./a.ts";\n');
    await writeFile(
      join(folder, "c.ts"),
      'export { a as b } from "./x/../b b.ts";\nexport { a } from "./a.ts";\nexport { sep as p } from "node:path";\n',
    );
    using _ = resolveQuickly();

    const loaded = await load("c.ts");

    assert.ok(typeof loaded === "object" && loaded && "a" in loaded && "b" in loaded && "p" in loaded);
    assert.equal(loaded.a, loaded.b);
  });

  it("fails for a module that is not there, and says which", async () => {
    await writeFile(join(folder, "d.ts"), 'import "./missing.ts";\n');
    using _ = resolveQuickly();

    await assert.rejects(load("d.ts"), /missing\.ts/);
  });

  it("is over when disposed", async () => {
    await writeFile(join(folder, "e.ts"), 'import "./absent.ts";\n');
    resolveQuickly()[Symbol.dispose]();

    await assert.rejects(load("e.ts"), { code: "ERR_MODULE_NOT_FOUND" });
  });
});
