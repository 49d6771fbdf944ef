// A scanner that has seen other sources before, and shapes as text.
import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockScanner } from "../../../services/splitter/scan/block-scanner.ts";
import type { ScanOptions } from "../../../services/splitter/scan/contract.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import { key, RUNS } from "../shape/arbitraries.ts";
import { file } from "./scan-arbitraries.ts";
import { fate, linesOf, options, scanBytes, summary, type Scanned } from "./scan-helpers.ts";

const keysPerDepth = fc.array(fc.nat(6), { maxLength: 4 });

function sourceOf(index: number): string {
  return String(index).padStart(32, "0");
}

/** Scans a source with a scanner that may have scanned others. */
function scanNext(scanner: BlockScanner, bytes: Uint8Array): Scanned {
  const results = [scanner.scan(bytes, 1, 0)];
  return { results, lines: linesOf(results), shapes: new Map(scanner.lastShapes()) };
}

/** Fails unless one scanner finds in each of the sources what a new one does. */
function assertAsNew(files: readonly Uint8Array[], changes: Partial<ScanOptions>): void {
  const scanner = new BlockScanner(options({ ...changes, sourceId: sourceOf(0) }));
  files.forEach((bytes, index) => {
    const sourceId = sourceOf(index);
    if (index > 0) assert.ok(scanner.startOver(sourceId));

    const found = scanNext(scanner, bytes);

    assert.deepEqual(summary(found), summary(scanBytes(bytes, { ...changes, sourceId })));
  });
  scanner.close();
}

describe("a scanner that begins with another source", () => {
  it("finds in it what a new one would", () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 2, maxLength: 6 }), keysPerDepth, (files, perDepth) => {
        assertAsNew(files, { fate, keysPerDepth: perDepth });
      }),
      { numRuns: RUNS },
    );
  });

  it("finds objects with too many keys again, and no others", () => {
    const object = fc
      .uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"), { maxLength: 8 })
      .map((keys) => `{"event":"t","o":{${keys.map((name) => `"${name}":{"${name}":1}`).join()}}}\n`);
    const source = fc.array(object, { maxLength: 5 }).map((all) => Buffer.from(all.join("")));
    fc.assert(
      fc.property(fc.array(source, { minLength: 2, maxLength: 8 }), (files) => {
        assertAsNew(files, { keysPerDepth: [3, 4, 1] });
      }),
      { numRuns: RUNS },
    );
  });

  it("is not to be had when it knows very much, or has failed", () => {
    const many = Array.from({ length: 3000 }, (_, i) => `{"event":"t","k${i}":1}\n`).join("");
    const full = new BlockScanner(options({ keysPerDepth: [5000] }));
    full.scan(Buffer.from(many), 1, 0);
    assert.equal(full.startOver(sourceOf(1)), false);
    full.close();

    const failed = new BlockScanner(
      options({
        fate: () => {
          throw new Error("on purpose");
        },
      }),
    );
    assert.throws(() => failed.scan(Buffer.from('{"event":"t"}\n'), 1, 0), /on purpose/);
    assert.equal(failed.startOver(sourceOf(1)), false);
    failed.close();
  });
});

describe("shapes as text", () => {
  const special = fc.constantFrom(
    "0",
    "7",
    "10",
    "010",
    "4294967294",
    "4294967295",
    "__proto__",
    "___proto__",
    "-1",
    "",
  );
  const keyed = fc
    .uniqueArray(fc.oneof(key, special, fc.nat(20).map(String)), { maxLength: 9 })
    .map((keys) =>
      keys.map((name, i) => `${JSON.stringify(name)}:${i % 3 === 0 ? `{"b":${i},"a":"x"}` : i}`).join(),
    );
  const object = keyed.map((members) => `{"event":"t"${members === "" ? "" : `,${members}`}}\n`);
  const sources = fc.oneof(
    file,
    fc.array(object, { maxLength: 6 }).map((all) => Buffer.from(all.join(""))),
  );

  it("are what the shapes' JSON form gives, byte for byte, in one source after the other", () => {
    fc.assert(
      fc.property(fc.array(sources, { minLength: 1, maxLength: 4 }), keysPerDepth, (files, perDepth) => {
        const changes = { keysPerDepth: [...perDepth, 9] };
        const texts = new BlockScanner(options(changes));
        files.forEach((bytes, index) => {
          if (index > 0) assert.ok(texts.startOver(sourceOf(index)));
          const { shapes } = scanBytes(bytes, changes);
          texts.scan(bytes, 1, 0);

          const found = new Map(texts.lastShapeTexts([...shapes.keys(), "of no line"]));

          const expected = Array.from(shapes, ([type, shape]) => [type, JSON.stringify(shapeToJson(shape))]);
          assert.deepEqual([...found], expected);
        });
        texts.close();
      }),
      { numRuns: RUNS },
    );
  });

  it("are the same as elements of a receipt's types", () => {
    fc.assert(
      fc.property(sources, keysPerDepth, fc.boolean(), (bytes, perDepth, again) => {
        const changes = { keysPerDepth: [...perDepth, 9] };
        const { shapes } = scanBytes(bytes, changes);
        const names = [...shapes.keys()];
        const scanner = new BlockScanner(options(changes));
        if (again) {
          scanner.scan(bytes, 1, 0);
          assert.ok(scanner.startOver(sourceOf(1)));
        }
        scanner.scan(bytes, 1, 0);

        const found = scanner.lastTypeTexts(
          names,
          Uint32Array.from(names, (_, i) => i * 1_000_000_007),
        );

        // Undefined when a line went by the slow path.
        if (!found) assert.equal(new Map(scanner.lastShapeTexts(names)).size, names.length);
        else {
          const expected = names.map((event_type, i) =>
            JSON.stringify({
              event_type,
              lines: (i * 1_000_000_007) >>> 0,
              shape: shapeToJson(shapes.get(event_type)!),
            }),
          );
          assert.equal(Buffer.from(found).toString(), expected.join());
          assert.deepEqual([...scanner.lastShapeTexts(names)], [], "once");
        }
        scanner.close();
      }),
      { numRuns: RUNS },
    );
  });

  it("have every kind of value with its limits", () => {
    const values = [
      "-9223372036854775808,9223372036854775807,0,-1,10,99,100",
      '0.5,123456789.25,1e300,-1.5e-7,"","é","2024-01-02","2024-01-02T03:04:05","2024-01-02T03:04:05Z"',
      `null,true,{},{"a":{}},[],[1],"${"x".repeat(1000)}"`,
    ];
    const lines = values.join().split(/,(?![^{]*\})/);
    const bytes = Buffer.from(lines.map((value) => `{"event":"é\\"t","v":${value}}\n`).join(""));
    const scanner = new BlockScanner(options());
    scanner.scan(bytes, 1, 0);
    const { shapes } = scanBytes(bytes);
    const [[name, shape] = []] = [...shapes];

    const text = Buffer.from(scanner.lastTypeTexts([name!], Uint32Array.of(lines.length))!).toString();

    assert.equal(
      text,
      JSON.stringify({ event_type: name!, lines: lines.length, shape: shapeToJson(shape!) }),
    );
    assert.match(text, /"min":"-9223372036854775808","max":"9223372036854775807"/);
    for (const kind of ["null", "boolean", "float", "timestamptz", "timestamp", "date", "object", "array"]) {
      assert.ok(text.includes(`"${kind}":`), kind);
    }
    scanner.close();
  });

  it("that are too long for the module come by themselves", () => {
    const keys = Array.from({ length: 90_000 }, (_, i) => `"${String(i).padStart(120, "k")}":{"a":1}`);
    const bytes: Buffer[] = [];
    for (let at = 0; at < keys.length; at += 15_000) {
      bytes.push(Buffer.from(`{"event":"t",${keys.slice(at, at + 15_000).join()}}\n`));
    }
    const scanner = new BlockScanner(options({ keysPerDepth: [200_000, 10] }));
    scanner.scan(Buffer.concat(bytes), 1, 0);

    assert.equal(scanner.lastTypeTexts(["t"], Uint32Array.of(6)), undefined);
    const [[, text] = []] = [...scanner.lastShapeTexts(["t"])];

    assert.ok(text!.length > 16 * 1024 * 1024);
    assert.equal(Object.keys(JSON.parse(text!).keys).length, keys.length + 1);
    scanner.close();
  });

  it("know the trees that were planted after the first ones were emptied", () => {
    const lines = (names: readonly string[]): Buffer =>
      Buffer.from(names.map((name) => `{"event":"t","${name}":1}\n`).join(""));
    const scanner = new BlockScanner(options());
    scanner.scan(lines(["a", "b"]), 1, 0);
    assert.deepEqual([...scanner.takeShapes().keys()], ["t"]);
    scanner.scan(lines(["x", "y"]), 3, 100);

    const [[, text] = []] = [...scanner.lastShapeTexts(["t"])];

    assert.deepEqual(Object.keys(JSON.parse(text!).keys), ["event", "x", "y"]);
    scanner.close();
  });
});
