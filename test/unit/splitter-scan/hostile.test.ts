// Sources made to break tables and bounds: results stay those of the reference, memory stays bounded.
import assert from "node:assert/strict";
import type { Fate } from "../../../services/splitter/scan/contract.ts";
import { BlockScanner } from "../../../services/splitter/scan/block-scanner.ts";
import {
  options,
  partLine,
  restore,
  scanBytes,
  segmentsOf,
  shapesAsJson,
  shapesOfLines,
  quarantinedOf,
} from "./scan-helpers.ts";
import { parsePlain } from "../shape/plain.ts";

const K = [40, 20, 10, 5];

describe("hostile sources", () => {
  it("keeps the shape through 300,000 distinct keys over lines, which is more than it remembers", () => {
    const lines = Array.from({ length: 30_000 }, (_, line) => {
      const members = Array.from({ length: 10 }, (_, member) => `"k${line}_${member}":${member}`);
      return `{"event":"e","map":{${members.join(",")}},"n":${line}}`;
    });

    const { results, shapes } = scanBytes(Buffer.from(lines.join("\n")), { keysPerDepth: K });

    assert.equal(results[0]!.rows, lines.length);
    assert.deepEqual(shapesAsJson(shapes)["e"], {
      object: 30_000,
      keys: {
        event: { string: { count: 30_000, bytes: 1 } },
        map: { object: 30_000, whole: true },
        n: { integer: { count: 30_000, min: "0", max: "29999" } },
      },
    });
  });

  it("keeps the shape when the distinct keys come before the event type", () => {
    const lines = Array.from(
      { length: 30_000 },
      (_, line) => `{"k${line % 7}":1,"m":{"x${line}":${line},"y${line}":0},"event":"e"}`,
    );

    const { lines: written, shapes } = scanBytes(Buffer.from(lines.join("\n")), {
      keysPerDepth: [40, 60_000, 5],
    });

    assert.deepEqual(shapesAsJson(shapes), shapesOfLines(written, [40, 60_000, 5]));
  });

  it("goes on exactly after it has begun anew with empty trees", () => {
    const filler = Array.from({ length: 2200 }, (_, line) => {
      const members = Array.from({ length: 100 }, (_, member) => `"f${line}_${member}":1`);
      return `{"event":"filler","o":{${members.join(",")}}}`;
    });
    const typed = Array.from(
      { length: 50 },
      (_, line) => `{"event":"t","x":${line},"o":{"a":"${"b".repeat(line)}"}}`,
    );
    const lines = [...typed, ...filler, ...typed, '{"event":"t","late":1.5}'];

    const { lines: written, shapes } = scanBytes(Buffer.from(lines.join("\n")), {
      keysPerDepth: [40, 300_000],
    });

    assert.deepEqual(shapesAsJson(shapes), shapesOfLines(written, [40, 300_000]));
  }).timeout(60_000);

  it("finds duplicates among members that it does not remember", () => {
    const distinct = Array.from({ length: 50 }, (_, member) => `"m${member}":${member}`).join(",");
    const cases: [string, number][] = [
      [`{"event":"e","o":{"a":{"b":{"c":{${distinct}}}}}}`, 0],
      [`{"event":"e","o":{"a":{"b":{"c":{${distinct},"m49":1}}}}}`, 1],
      [`{"event":"e","o":{${distinct},"m3":1}}`, 1],
      [`{"event":"e","o":[{${distinct},"m\\u0033":1}]}`, 1],
      [`{"event":"e","o":{"a":{"b":{"c":{${distinct},"m\\u00349":1}}}}}`, 1],
    ];

    for (const [line, normalised] of cases) {
      const scanned = scanBytes(Buffer.from(line), { keysPerDepth: K });
      assert.equal(scanned.results[0]!.normalised, normalised, line);
      assert.deepEqual(restore([...scanned.lines.values()].flat()[0]!), parsePlain(line));
      assert.deepEqual(shapesAsJson(scanned.shapes), shapesOfLines(scanned.lines, K));
    }
  });

  it("finds duplicates of members that came before the event type", () => {
    for (const line of [
      '{"a":1,"event":"e","a":2}',
      '{"m":{"a":1,"type":"e","a":2}}',
      '{"meta":{"x":{"y":0},"type":"e","x":1},"z":1}',
      '{"a":1,"event":"e","\\u0061":2}',
    ]) {
      const warm = '{"a":1,"event":"e","b":2}\n{"meta":{"x":{},"type":"e"},"z":1}\n';
      const changes = { eventTypePaths: [["event"], ["m", "type"], ["meta", "type"]] };
      const { results, lines } = scanBytes(Buffer.from(warm + warm + line), changes);

      assert.equal(results[0]!.normalised, 1, line);
      assert.deepEqual(restore([...lines.values()].flat().at(-1)!), parsePlain(line));
    }
  });

  it("separates 5,000 event types, met in any order", () => {
    const lines = Array.from({ length: 15_000 }, (_, line) => {
      const type = (line * 7919) % 5000;
      return type % 2 === 0
        ? `{"event":"type_${type}","v${type % 9}":${line}}`
        : `{"v":{"n":${line}},"type":"type_${type}"}`;
    });

    const { results, lines: written, shapes } = scanBytes(Buffer.from(lines.join("\n")), { keysPerDepth: K });

    assert.equal(segmentsOf(results).length, 5000);
    assert.equal(segmentsOf(results)[1]!.eventType, "type_2919");
    assert.deepEqual(shapesAsJson(shapes), shapesOfLines(written, K));
  });

  it("forgets event types within a block, when there are more than it can number", () => {
    const count = 70_000;
    const text = Array.from({ length: count }, (_, i) => `{"event":"type_${i}","x":${i % 7}}\n`).join("");

    const { lines, results, shapes } = scanBytes(Buffer.from(`${text}{"event":"type_3","x":1}\n`), {}, [
      count,
    ]);

    assert.equal(lines.size, count);
    assert.equal(lines.get("type_3")!.length, 2);
    assert.ok(lines.get(`type_${count - 1}`)![0]!.includes(`"_lr_line":${count},`));
    assert.deepEqual([results[0]!.rows, results[1]!.rows, shapes.size], [count, 1, count]);
  });

  it("goes on with another event type in every line", () => {
    const scanner = new BlockScanner(options());
    let rows = 0;
    for (let block = 0; block < 5; block++) {
      const lines = Array.from({ length: 9000 }, (_, line) => `{"event":"${block}-${line}","x":1}`);
      rows += scanner.scan(Buffer.from(lines.join("\n")), 1, 1).rows;
    }

    const shapes = scanner.takeShapes();

    assert.equal(rows, 45_000);
    assert.equal(shapes.size, 45_000);
    assert.equal(shapes.get("4-8999")?.keys?.size, 2);
  });

  it("does not take the bytes of one key for another that is written so", () => {
    const lines = [
      '{"event":"e","a\\\\b":1}',
      '{"event":"e","a\\b":"x"}',
      '{"event":"e","a\\\\b":2}',
      '{"event":"e","a\\u005cb":3,"a\\u0008":4}',
    ];

    const {
      lines: written,
      shapes,
      results,
    } = scanBytes(Buffer.from([...lines, ...lines].join("\n")), { keysPerDepth: K });

    assert.equal(results[0]!.normalised, 0);
    assert.deepEqual(shapesAsJson(shapes), shapesOfLines(written, K));
    assert.deepEqual([...shapes.get("e")!.keys!.keys()].sort(), ["a\b", "a\\b", "event"].sort());
  });

  it("keeps integers of 64 bits exact in the shape", () => {
    const values = [
      "9223372036854775807",
      "-9223372036854775808",
      "9223372036854775806",
      "1000000000000000",
      "999999999999999",
      "-1000000000000000",
      "-0",
    ];

    for (const some of [values, values.slice(2), values.slice(3, 5), values.slice(5)]) {
      const { lines, shapes } = scanBytes(
        Buffer.from(some.map((value) => `{"event":"e","n":${value}}`).join("\n")),
      );
      assert.deepEqual(shapesAsJson(shapes), shapesOfLines(lines, K));
    }
  });

  it("takes 2,000 keys in one object and 2,335 paths in one line", () => {
    const wide = `{"event":"e",${Array.from({ length: 2000 }, (_, n) => `"k${n}":${n}`).join(",")}}`;
    const deep = `{"event":"e",${Array.from({ length: 335 }, (_, n) => `"o${n}":{${"abcdef".replace(/./g, (x) => `,"${x}":${n}`).slice(1)}}`).join(",")}}`;
    const keysPerDepth = [4000, 500];

    const { lines, shapes } = scanBytes(Buffer.from([wide, deep, wide, deep].join("\n")), { keysPerDepth });

    assert.deepEqual(shapesAsJson(shapes), shapesOfLines(lines, keysPerDepth));
    assert.equal(shapes.get("e")!.keys!.size, 2336);
  });

  it("survives brackets that never close, a million deep, and strings that never end", () => {
    for (const text of [
      "[".repeat(1e6),
      `{"a":`.repeat(2e5),
      `{"event":"${"a".repeat(1e6)}`,
      `{"event":"a\\`,
      '{"event":"a","\\',
      '{"event":"a","b":"\\u12',
    ]) {
      for (const end of ["", "\n", '\n{"event":"a"}\n']) {
        const [result] = scanBytes(Buffer.from(text + end)).results;
        assert.deepEqual(
          quarantinedOf(result!).map(({ reason }) => reason),
          ["invalid_json"],
          text.slice(0, 20),
        );
        assert.equal(result!.rows, end.length > 1 ? 1 : 0);
      }
    }
  });

  it("drops and quarantines without remembering what was in the lines", () => {
    const lines = Array.from(
      { length: 3000 },
      (_, line) => `{"event":"${line % 2 ? "d" : "q"}","k${line}":1}`,
    );

    const { results, shapes } = scanBytes(Buffer.from(`${lines.join("\n")}\n{"event":"d"}`), {
      keysPerDepth: K,
      fate,
    });

    assert.deepEqual([results[0]!.dropped, results[0]!.quarantined.count], [1501, 1500]);
    assert.deepEqual(shapesAsJson(shapes), {});
  });

  it("writes the constant event type whatever the line says", () => {
    const line = partLine('{"event":"a","x":1}', { constantEventType: 'a|"é' });

    assert.match(line, /"_lr_event_type":"a\|\\"é","event":"a","x":1\}$/);
  });
});

function fate(type: string): Fate {
  return type === "d" ? "drop" : "quarantine";
}
