import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { compileScanner } from "../../../scripts/build-wasm.ts";
import * as layout from "../../../services/splitter/scan/wasm/assembly/layout.ts";
import * as words from "../../../shared/contracts/words.ts";

describe("the scanner's module", () => {
  it("is what its source gives", async () => {
    const path = new URL("../../../services/splitter/scan/wasm/scanner.wasm", import.meta.url);

    const compiled = await compileScanner();

    assert.ok(Buffer.from(compiled).equals(await readFile(path)), "run `make wasm`");
  }).timeout(60_000);

  it("has the limits of the format", () => {
    assert.equal(layout.MAX_DEPTH, words.MAX_DEPTH);
    assert.equal(layout.MAX_STRING_BYTES, words.MAX_STRING_BYTES);
    assert.equal(layout.MAX_LINE_BYTES, words.MAX_LINE_BYTES);
    assert.equal(layout.MAX_EVENT_TYPE_BYTES, words.MAX_EVENT_TYPE_BYTES);
  });
});
