import assert from "node:assert/strict";
import { CASE_TYPES, CASES } from "../../fixtures/cases/cases.ts";
import { parseExact } from "../../../shared/schema/exact-json.ts";
import { readBack, storeValue } from "../../../shared/schema/fits.ts";
import { SCALAR_KINDS } from "../../../shared/schema/kinds.ts";
import { sameDocument } from "../../../shared/schema/same-document.ts";
import { shapeFits } from "../../../shared/schema/shape-fits.ts";
import { shapeOf } from "./shape-of.ts";

describe("cases table", () => {
  it("has every type against every kind, each pair once", () => {
    const seen = new Set(CASES.map(({ json, type }) => `${type} ${json}`));

    assert.equal(seen.size, CASES.length);
    assert.ok(CASES.length > 1000);
    for (const type of CASE_TYPES) {
      const kinds = new Set(
        CASES.filter((one) => one.type === type && one.fate !== "rescue").flatMap(({ json }) =>
          Object.keys(shapeOf([json])),
        ),
      );
      const expected = type === "hash" ? SCALAR_KINDS.filter((kind) => kind !== "float") : SCALAR_KINDS;
      assert.deepEqual(
        expected.filter((kind) => !kinds.has(kind)),
        [],
        type,
      );
      assert.ok(kinds.has("null") && kinds.has("object") && (kinds.has("array") || type === "hash"), type);
    }
  });

  for (const type of CASE_TYPES) {
    it(`agrees with fits.ts for ${type}`, () => {
      for (const one of CASES.filter((one) => one.type === type)) {
        const result = storeValue(type, one.json);
        if (one.fate === "stored") {
          assert.ok(typeof result === "object", `${one.title} in ${type}: ${JSON.stringify(result)}`);
          assert.ok(
            sameDocument(parseExact(result.stored), parseExact(one.stored!)),
            `${one.title} in ${type}: ${result.stored} is not ${one.stored}`,
          );
        } else {
          assert.equal(result, one.fate === "absent" ? "absent" : "no fit", `${one.title} in ${type}`);
        }
      }
    });
  }

  it("gives back the value that was stored, except where it is a hash", () => {
    for (const { type, json, stored, title } of CASES) {
      if (stored === undefined || type === "hash") continue;
      const back = readBack(type, parseExact(stored));
      assert.ok(sameDocument(back, parseExact(json)), `${title} in ${type}`);
    }
  });

  it("agrees with what a shape proves: proven means that the value fits", () => {
    for (const { type, json, fate, title } of CASES) {
      if (fate === "rescue" || fate === "absent") continue;
      if (shapeFits(type, shapeOf([json]))) assert.equal(fate, "stored", `${title} in ${type}`);
    }
  });

  it("names a sibling that takes the value", () => {
    for (const { json, sibling, title } of CASES) {
      if (sibling === undefined) continue;
      const result = storeValue(sibling, json);
      assert.ok(typeof result === "object", `${title} in ${sibling}`);
      assert.ok(shapeFits(sibling, shapeOf([json])), `${title} in ${sibling}`);
    }
  });

  it("rescues only what no column of any type takes", () => {
    for (const { json, title } of CASES.filter(({ fate }) => fate === "rescue")) {
      for (const type of CASE_TYPES) assert.equal(storeValue(type, json), "no fit", `${title} in ${type}`);
    }
  });
});
