import assert from "node:assert/strict";
import { parseKeyPath, parseKeyPaths } from "../../../shared/config/parse-key-path.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";

describe("parseKeyPath", () => {
  it("goes down one level at each dot of a text", () => {
    assert.deepEqual(parseKeyPath("a.b.@c"), ["a", "b", "@c"]);
  });

  it("takes the keys of a list as they are", () => {
    assert.deepEqual(parseKeyPath(["a.b", "__proto__", " "]), ["a.b", "__proto__", " "]);
  });

  it("reads a list written as JSON text", () => {
    assert.deepEqual(parseKeyPath('["a.b","c"]'), ["a.b", "c"]);
    assert.deepEqual(parseKeyPath("[a].b"), ["[a]", "b"]);
    assert.deepEqual(parseKeyPath("[1]"), ["[1]"]);
  });

  for (const path of ["", ".", "a..b", "a.", ["a", ""], [], "[]", '[""]']) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      assert.throws(
        () => parseKeyPath(path),
        (error) => isRouterError(error, "CONFIG_INVALID"),
      );
    });
  }
});

describe("parseKeyPaths", () => {
  it("takes one path or several", () => {
    assert.deepEqual(parseKeyPaths("a.b"), [["a", "b"]]);
    assert.deepEqual(parseKeyPaths(["a.b", ["a.b"]]), [["a", "b"], ["a.b"]]);
  });
});
