// Every row of the slow path (DESIGN.md 3, part lines), by name.
import assert from "node:assert/strict";
import { parseObject, parsePlain } from "../shape/plain.ts";
import { flaws, partLine, quarantinedOf, rescuedOf, restore, scanBytes } from "./scan-helpers.ts";

const text = (piece: string) => JSON.stringify(piece);
const entry = (p: unknown, ...t: string[]) => ({ p: JSON.stringify(p), t });

interface Case {
  readonly title: string;
  /** Members beside the event type, as JSON text. */
  readonly members: string;
  /** What is left of them. */
  readonly left: unknown;
  readonly rescued: readonly { p: string; t: string[] }[];
}

const long = "x".repeat(65_536);
const CASES: readonly Case[] = [
  {
    title: "the first of two members with one key",
    members: '"a":1,"b":2,"a":"last"',
    left: { b: 2, a: "last" },
    rescued: [entry(["a"], "1")],
  },
  {
    title: "members with one key written with different escapes",
    members: '"a":1.50,"\\u0061":2,"\\u0061":3',
    left: { a: 3 },
    rescued: [entry(["a"], "1.50"), entry(["a"], "2")],
  },
  {
    title: "duplicates in an object in an array, deep",
    members: '"a":[0,{"b":{"c":[1],"c":{"d":2}}}]',
    left: { a: [0, { b: { c: { d: 2 } } }] },
    rescued: [entry(["a", 1, "b", "c"], "[1]")],
  },
  {
    title: "a duplicate object whole, whatever is in it",
    members: '"a":{"x":1e999,"x":1},"a":{}',
    left: { a: {} },
    rescued: [entry(["a"], '{"x":1e999,"x":1}')],
  },
  {
    title: "a string over 65,535 bytes, in pieces",
    members: `"a":"${long}","b":["${long}"]`,
    left: { b: [null] },
    rescued: [
      entry(["a"], `"${"x".repeat(65_534)}`, 'xx"'),
      entry(["b", 0], `"${"x".repeat(65_534)}`, 'xx"'),
    ],
  },
  {
    title: "a string over 65,535 bytes only as UTF-8",
    members: `"a":"${"é".repeat(32_768)}"`,
    left: {},
    rescued: [entry(["a"], ...pieces(`"${"\\u00e9".repeat(32_768)}"`))],
  },
  {
    title: "an integer over 64 bits",
    members: '"a":9223372036854775808',
    left: {},
    rescued: [entry(["a"], "9223372036854775808")],
  },
  {
    title: "a number too large for a double",
    members: '"a":[1e999,1]',
    left: { a: [null, 1] },
    rescued: [entry(["a", 0], "1e999")],
  },
  {
    title: "a number with more digits than a double",
    members: '"a":0.1000000000000000055',
    left: {},
    rescued: [entry(["a"], "0.1000000000000000055")],
  },
  {
    title: "half a surrogate pair",
    members: '"a":"x\\uD800y"',
    left: {},
    rescued: [entry(["a"], text("x\ud800y").replace("d8", "D8"))],
  },
  {
    title: "the wrong half first",
    members: '"a":"\\udc00\\ud800"',
    left: {},
    rescued: [entry(["a"], '"\\udc00\\ud800"')],
  },
  {
    title: "NUL",
    members: '"a":"é\\u0000","b":1',
    left: { b: 1 },
    rescued: [entry(["a"], '"\\u00e9\\u0000"')],
  },
  { title: "an empty key", members: '"":1', left: {}, rescued: [entry([""], "1")] },
  {
    title: "a key of 128 bytes",
    members: `"${"k".repeat(128)}":[1]`,
    left: {},
    rescued: [entry(["k".repeat(128)], "[1]")],
  },
  {
    title: "a key with NUL",
    members: '"o":{"\\u0000":{}}',
    left: { o: {} },
    rescued: [entry(["o", "\0"], "{}")],
  },
  {
    title: "a key with half a surrogate pair",
    members: '"\\udfff":true',
    left: {},
    rescued: [entry(["\udfff"], "true")],
  },
  {
    title: "members named as the system's are",
    members: '"_lr_line":7,"\\u005flr_x":{"_lr_y":1},"o":{"_lr_z":2}',
    left: { o: { _lr_z: 2 } },
    rescued: [entry(["_lr_line"], "7"), entry(["_lr_x"], '{"_lr_y":1}')],
  },
];

describe("normalising", () => {
  for (const { title, members, left, rescued } of CASES) {
    it(`rescues ${title}`, () => {
      const line = `{"event":"e",${members}}`;

      const { lines, results } = scanBytes(Buffer.from(line));

      const [part] = lines.get("e")!;
      const { _lr_source, _lr_line, _lr_event_type, _lr_rescued, event, ...rest } = parseObject(part!);
      assert.deepEqual([_lr_line, _lr_event_type, event, typeof _lr_source], [1, "e", "e", "string"]);
      assert.deepEqual(rest, left);
      assert.deepEqual(
        _lr_rescued,
        rescued.map(({ p, t }) => ({ p: asciiOnly(p), t })),
      );
      assert.equal(results[0]!.normalised, 1);
      assert.deepEqual(flaws(part!, false), []);
      assert.deepEqual(restore(part!), parsePlain(line));
    });
  }

  it("leaves what is just within every limit", () => {
    const members = [
      `"a":"${"x".repeat(65_535)}"`,
      `"${"k".repeat(127)}":9223372036854775807`,
      '"n":[-9223372036854775808,-0,19.99,0.30000000000000004,1e308,100000000000000000000]',
      '"s":"\\ud83d\\ude00\\u0001"',
      '"o":{"_lr_line":1}',
      `"deep":${"[".repeat(999)}1${"]".repeat(999)}`,
    ];
    const line = `{"event":"e",${members.join(",")}}`;

    const { lines, results } = scanBytes(Buffer.from(line));

    assert.equal(results[0]!.normalised, 0);
    assert.ok(lines.get("e")![0]!.endsWith(line.slice(1)));
  });

  for (const levels of [1000, 1001, 1500, 100_000]) {
    it(`moves the value at level 1,000 when there are ${levels + 1} levels`, () => {
      const line = `{"event":"e","x":1,"a":${"[".repeat(levels)}2${"]".repeat(levels)}}`;

      const part = partLine(line);

      const rescued = rescuedOf(part);
      assert.equal(rescued.length, 1);
      assert.deepEqual(parsePlain(rescued[0]!.p), ["a", ...Array.from({ length: 998 }, () => 0)]);
      assert.equal(rescued[0]!.t.join(""), `${"[".repeat(levels - 998)}2${"]".repeat(levels - 998)}`);
      assert.deepEqual(flaws(part, false), []);
      assert.ok(part.endsWith(`"x":1,"a":${"[".repeat(998)}null${"]".repeat(998)}}`));
    });
  }

  it("moves the nearest value above when a path is too long to be a string itself", () => {
    const deep = Array.from({ length: 600 }, (_, level) => `{"${String(level % 10).repeat(127)}":`).join("");
    const line = `{"event":"e","x":1,"a":${deep}1e999${"}".repeat(600)}}`;

    const part = partLine(line);

    const rescued = rescuedOf(part);
    assert.equal(rescued.length, 1);
    assert.ok(rescued[0]!.p.length <= 65_535 && rescued[0]!.p.length > 65_000);
    assert.deepEqual(restore(part), parsePlain(line));
  });

  it("moves the whole document when a key of its own is too long for a path", () => {
    const line = `{"event":"e","${"k".repeat(70_000)}":1}`;

    const part = partLine(line);

    assert.deepEqual(
      rescuedOf(part).map(({ p }) => p),
      ["[]"],
    );
    assert.deepEqual(Object.keys(parseObject(part)), [
      "_lr_source",
      "_lr_line",
      "_lr_event_type",
      "_lr_rescued",
    ]);
    assert.deepEqual(restore(part), parsePlain(line));
  });

  it("holds the limit of 4,000,000 bytes for the line as written, each | counted twice", () => {
    const members = partLine('{"event":"e","s":[""]}').length;
    // As many bytes more than the list with one empty string has.
    const fit = (bytes: number, unit: string) => `{"event":"e","s":[${strings(bytes - members, unit)}]}`;
    assert.equal(partLine(fit(4_000_000, "x")).length, 4_000_000);
    assert.deepEqual(reasons(fit(4_000_001, "x")), [0, "line_too_long"]);
    assert.deepEqual(reasons(fit(2_000_400, "|")), [0, "line_too_long"]);
    assert.deepEqual(reasons(fit(2_000_000, "|")), [1]);
    assert.deepEqual(reasons(`{"event":"e"${" ".repeat(4_100_000)}}`), [0, "line_too_long"]);
    assert.deepEqual(reasons(`{"event":"e"}${" ".repeat(4_100_000)}`), [1]);
  });

  it("counts only lines that were rewritten", () => {
    const lines = ['{"event":"e","a":1,"a":2}', '{"event":"e"}', '{"event":"e","n":1e999}'];

    assert.equal(scanBytes(Buffer.from(lines.join("\n"))).results[0]!.normalised, 2);
  });
});

function pieces(whole: string): string[] {
  return whole.match(/[^]{1,65535}/g) ?? [];
}

function asciiOnly(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A list of strings of the given unit, `bytes` longer than one empty string. */
function strings(bytes: number, unit: string): string {
  const chunks = Array.from({ length: Math.floor(bytes / 50_003) }, () => `"${unit.repeat(50_000)}"`);
  return [...chunks, `"${unit.repeat(bytes - chunks.length * 50_003)}"`].join(",");
}

/** Rows and reasons of one line. */
function reasons(line: string): (number | string)[] {
  const { results } = scanBytes(Buffer.from(line));
  return [results[0]!.rows, ...quarantinedOf(results[0]!).map(({ reason }) => reason)];
}
