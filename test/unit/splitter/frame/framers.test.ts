import assert from "node:assert/strict";
import fc from "fast-check";
import { ConcatenatedFramer } from "../../../../services/splitter/frame/concatenated-framer.ts";
import { countNewlines } from "../../../../services/splitter/frame/count-newlines.ts";
import {
  garbage,
  UNCOUNTED,
  type BlockMemory,
  type Framed,
  type Framer,
} from "../../../../services/splitter/frame/framed.ts";
import { LineFramer } from "../../../../services/splitter/frame/line-framer.ts";
import { RecordsFramer } from "../../../../services/splitter/frame/records-framer.ts";
import { BomSkipper } from "../../../../services/splitter/frame/skip-bom.ts";

const numRuns = Number(process.env["FC_RUNS"] ?? 100);

/** One record as text: `line@offset text`, bad ones with the reason in front. */
function records(framed: readonly Framed[]): string[] {
  const found: string[] = [];
  let open = "";
  for (const item of framed) {
    if (item.kind === "bad") {
      open += Buffer.from(item.bytes).toString("latin1");
      if (!item.isLast) continue;
      found.push(`${item.reason} ${item.line}@${item.offset} ${open}`);
      open = "";
      continue;
    }
    const spans = item.spans ? [...item.spans] : lineSpans(item.bytes);
    assert.equal(spans.length / 2, item.lines);
    for (let i = 0; i < item.lines; i++) {
      const [start, end] = [spans[i * 2]!, spans[i * 2 + 1]!];
      const text = Buffer.from(item.bytes.subarray(start, end)).toString("latin1");
      found.push(`${item.firstLine + i}@${item.offset + start} ${text}`);
    }
  }
  assert.equal(open, "");
  return found;
}

function lineSpans(bytes: Uint8Array): number[] {
  const spans: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const feed = bytes.indexOf(10, at);
    const end = feed === -1 ? bytes.length : feed;
    spans.push(at, end);
    at = end + 1;
  }
  return spans;
}

function frame(framer: Framer, bytes: Uint8Array, cuts: readonly number[], torn = false): string[] {
  const framed: Framed[] = [];
  const points = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  for (let i = 1; i < points.length; i++)
    framed.push(...framer.push(bytes.subarray(points[i - 1], points[i])));
  framed.push(...(torn ? framer.endTorn() : framer.end()));
  const found = records(framed);
  assert.equal(framer.lines, found.length);
  return found;
}

/** As `frame`, each chunk in a buffer of its own with room before it, taken over where the framer can. */
function frameAdopting(framer: Framer, bytes: Uint8Array, cuts: readonly number[], torn = false) {
  const framed: Framed[] = [];
  let adopted = 0;
  const points = [...cuts.map((cut) => cut % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  for (let i = 1; i < points.length; i++) {
    const chunk = bytes.subarray(points[i - 1], points[i]);
    const whole = new Uint8Array(HEADROOM + chunk.length).fill(0x21);
    whole.set(chunk, HEADROOM);
    const taken = framer.adopt?.(whole.subarray(HEADROOM), HEADROOM);
    if (taken) adopted++;
    framed.push(...(taken ?? framer.push(chunk)));
  }
  framed.push(...(torn ? framer.endTorn() : framer.end()));
  return { found: records(framed), adopted };
}

/** What an uncounted framing says when the lines are counted one block after the other. */
function counted(framed: readonly Framed[]): Framed[] {
  let lines = 0;
  let passed = 0;
  return framed.map((item): Framed => {
    const line = lines + 1;
    if (item.kind === "bad") {
      assert.equal(item.line, UNCOUNTED);
      if (item.isLast) lines++;
      if (item.isLast) passed++;
      return { ...item, line };
    }
    assert.deepEqual([item.firstLine, item.lines, item.passed], [UNCOUNTED, 0, passed]);
    passed = 0;
    const inBlock = lineSpans(item.bytes).length / 2;
    lines += inBlock;
    return { ...item, firstLine: line, lines: inBlock };
  });
}

/** Less than the longest line. */
const HEADROOM = 20;
const small = { blockBytes: 64, maxRecordBytes: 40 };
const framers: Record<string, (memory?: BlockMemory) => Framer> = {
  lines: (memory = garbage) => new LineFramer(0, { ...small, memory }),
  concatenated: (memory = garbage) => new ConcatenatedFramer(0, { ...small, memory }),
  records: (memory = garbage) => new RecordsFramer("Records", 0, { ...small, memory }),
};

/** Memory of which each piece is in a block, or given back, once. */
class Counted implements BlockMemory {
  readonly #out = new Set<ArrayBuffer>();

  readonly take = (bytes: number): Uint8Array<ArrayBuffer> => {
    const taken = new Uint8Array(bytes);
    this.#out.add(taken.buffer);
    return taken;
  };

  give(buffer: ArrayBuffer): void {
    assert.equal(this.#out.delete(buffer), true);
    new Uint8Array(buffer).fill(0x21);
  }

  get out(): number {
    return this.#out.size;
  }
}

/** Texts made of what matters to a framer. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom("{", "}", "[", "]", '"', "\\", "\n", ",", ":", " ", "\r\n", "x", "\u0001", "é"),
      fc.constantFrom('{"Records":[', "]}", '{"a":1}', '{"a":"}{"}', '"Records":', '{"a":"torn', "}{", "\n{"),
      fc.constantFrom("y".repeat(30), "z".repeat(50), '{"a":{"b":[1,2]},', "null", "12"),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.from(pieces.join("")));
const cuts = fc.array(fc.nat(2000), { maxLength: 12 });

describe("framers", () => {
  for (const [name, create] of Object.entries(framers)) {
    it(`${name}: any chunking gives the same records, whole or torn`, () => {
      fc.assert(
        fc.property(hostile, cuts, fc.boolean(), (bytes, cut, torn) => {
          const single = [...bytes.keys()];

          assert.deepEqual(frame(create(), bytes, cut, torn), frame(create(), bytes, single, torn));
        }),
        { numRuns },
      );
    });

    it(`${name}: memory is in the blocks or given back`, () => {
      fc.assert(
        fc.property(hostile, cuts, (bytes, cut) => {
          const memory = new Counted();
          const framer = create(memory);
          const framed: Framed[] = [];
          const points = [...cut.map((at) => at % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
          for (let i = 1; i < points.length; i++)
            framed.push(...framer.push(bytes.subarray(points[i - 1], points[i])));
          framed.push(...framer.end());
          framer.close();

          assert.deepEqual(records(framed), frame(create(), bytes, []));
          for (const item of framed) if (item.kind === "block") memory.give(item.bytes.buffer);
          assert.equal(memory.out, 0);
        }),
        { numRuns },
      );
    });

    it(`${name}: no byte that is not white space gets lost`, () => {
      fc.assert(
        fc.property(hostile, cuts, (bytes, cut) => {
          if (name === "records") return;
          const text = frame(create(), bytes, cut)
            .map((record) => record.slice(record.indexOf("@")).replace(/^@\d+ /, ""))
            .join("");

          assert.equal(text.replace(/\s/g, ""), bytes.toString("latin1").replace(/\s/g, ""));
        }),
        { numRuns },
      );
    });
  }

  it("counts newlines like the obvious loop, whatever the alignment", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000, max: 12 }), fc.nat(7), (bytes, shift) => {
        const from = bytes.subarray(Math.min(shift, bytes.length));

        assert.equal(countNewlines(from), from.filter((byte) => byte === 10).length);
      }),
      { numRuns },
    );
    assert.equal(countNewlines(new Uint8Array(1_000_001).fill(10)), 1_000_001);
  });
});

const lines = (text: string, options = small): string[] =>
  frame(new LineFramer(0, options), Buffer.from(text), [3, 10, 11]);

describe("LineFramer", () => {
  it("frames a chunk where it is as if it had been copied", () => {
    let adopted = 0;
    fc.assert(
      fc.property(hostile, cuts, fc.boolean(), (bytes, cut, torn) => {
        const inPlace = frameAdopting(new LineFramer(0, small), bytes, cut, torn);

        assert.deepEqual(inPlace.found, frame(new LineFramer(0, small), bytes, cut, torn));
        adopted += inPlace.adopted;
      }),
      { numRuns },
    );
    assert.ok(adopted > 0);
  });

  it("leaves counting to whoever reads the lines", () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const framer = new LineFramer(0, { ...small, countsLines: false });
        const framed = counted([...framer.push(bytes), ...framer.end()]);

        assert.deepEqual(records(framed), frame(new LineFramer(0, small), bytes, []));
      }),
      { numRuns },
    );
  });

  it("takes a last line without a newline as a line like others", () => {
    assert.deepEqual(lines("a\r\n\nb"), ["1@0 a\r", "2@3 ", "3@4 b"]);
    assert.deepEqual(lines("a\n"), ["1@0 a"]);
    assert.deepEqual(lines(""), []);
    assert.deepEqual(lines("\n"), ["1@0 "]);
  });

  it("sends a line over the limit to quarantine, and keeps its neighbours", () => {
    const long = "x".repeat(41);

    assert.deepEqual(lines(`a\n${long}\n${"y".repeat(40)}\n${long}`), [
      "1@0 a",
      `line_too_long 2@2 ${long}`,
      `3@44 ${"y".repeat(40)}`,
      `line_too_long 4@85 ${long}`,
    ]);
  });

  it("leaves a torn last line out", () => {
    assert.deepEqual(frame(new LineFramer(0, small), Buffer.from("a\nb\nto"), [1], true), ["1@0 a", "2@2 b"]);
  });

  it("holds a bounded part of a line without end", () => {
    const framer = new LineFramer();
    const chunk = new Uint8Array(1024 * 1024).fill(120);
    let passed = 0;
    for (let i = 0; i < 64; i++) for (const item of framer.push(chunk)) passed += item.bytes.length;

    assert.ok(passed > 55 * 1024 * 1024);
  });
});

const concatenated = (text: string): string[] =>
  frame(new ConcatenatedFramer(0, { blockBytes: 64, maxRecordBytes: 60 }), Buffer.from(text), [5, 17, 18]);

describe("ConcatenatedFramer", () => {
  const cases: [string, string, string[]][] = [
    ["objects without anything between", '{"a":1}{"b":{}}', ['1@0 {"a":1}', '2@7 {"b":{}}']],
    ["braces and escapes in strings", '{"a":"}{\\"}"} {}', ['1@0 {"a":"}{\\"}"}', "2@14 {}"]],
    ["an object over several lines", '\n{\n"a":[\n{"b":1}]\n}\n', ['1@1 {\n"a":[\n{"b":1}]\n}']],
    ["an array at the end", '{"b":1}[1]', ['1@0 {"b":1}', "not_framed 2@7 [1]"]],
    [
      "text lines between",
      'x\n{"a":1}y\nz{"b":1}',
      ["not_framed 1@0 x", '2@2 {"a":1}', "not_framed 3@9 y", "not_framed 4@11 z", '5@12 {"b":1}'],
    ],
    [
      "an object torn outside of a string",
      '{"a":1,{"b":2}{"c":3}{"d":4}',
      ['not_framed 1@0 {"a":1,{"b":2}', '2@14 {"c":3}', '3@21 {"d":4}'],
    ],
    [
      "an object torn inside a string",
      '{"a":"x{"b":2}{"c":3}',
      ['not_framed 1@0 {"a":"x{"b":2}', '2@14 {"c":3}'],
    ],
    ["an object torn before a newline", '{"a":"x\n{"b":2}', ['not_framed 1@0 {"a":"x\n', '2@8 {"b":2}']],
    [
      "a torn last object, whose inner objects are no records",
      '{"a":1}{"b":{"event":"e"},"c":[{"event":"f"}',
      ['1@0 {"a":1}', 'not_framed 2@7 {"b":{"event":"e"},"c":[{"event":"f"}'],
    ],
    [
      "an object over the limit",
      `{"a":"${"x".repeat(80)}"}{"b":1}`,
      [`line_too_long 1@0 {"a":"${"x".repeat(80)}"}`, '2@88 {"b":1}'],
    ],
    [
      "a line feed in a string of an object over the limit",
      `{"a":"${"x".repeat(80)}\n"}\n{"b":1}`,
      [`line_too_long 1@0 {"a":"${"x".repeat(80)}\n"}\n`, '2@90 {"b":1}'],
    ],
    ["nothing but white space", " \r\n\t\n", []],
  ];
  for (const [what, text, expected] of cases) {
    it(`frames ${what}`, () => {
      assert.deepEqual(concatenated(text), expected);
    });
  }

  it("does not take the square of the length for hostile input", () => {
    const text = Buffer.from('{"}{'.repeat(400_000));
    const framer = new ConcatenatedFramer();
    const start = performance.now();

    const found = [...framer.push(text), ...framer.end()];

    assert.ok(found.length > 0);
    assert.ok(performance.now() - start < 5000);
  });
});

const wrapped = (text: string, member = "Records"): string[] =>
  frame(
    new RecordsFramer(member, 0, { blockBytes: 64, maxRecordBytes: 60 }),
    Buffer.from(text),
    [3, 12, 13, 30],
  );

describe("RecordsFramer", () => {
  const cases: [string, string, string[]][] = [
    [
      "every element, whatever it is",
      '{"Records":[{"a":1}, 7 ,"x,]",null,[1,[2]]]}',
      ['1@12 {"a":1}', "2@21 7", '3@24 "x,]"', "4@30 null", "5@35 [1,[2]]"],
    ],
    ["an empty array", '{"Records":[]}', []],
    ["nothing", " \n", []],
    ["members around it", '{"x":{"Records":[1]},"Records" : [2],"y":"]"}', ["1@34 2"]],
    ["an escaped key", '{"\\u0052ecords":[1]}', ["1@17 1"]],
    ["several wrappers", '{"Records":[1]}\n{"Records":[2]}', ["1@12 1", "2@28 2"]],
    ["the array twice", '{"Records":[1],"Records":[2]}', ["1@12 1", "2@26 2"]],
    ["a wrapper without the member", '{"records":[1]}', ['not_framed 1@0 {"records":[1]}']],
    ["a member that is no array", '{"Records":{"a":1}}', ['not_framed 1@0 {"Records":{"a":1}}']],
    ["a missing comma", '{"Records":[1 2,3]}', ["1@12 1", "not_framed 2@14 2,3]}"]],
    ["a comma too many", '{"Records":[1,]}', ["1@12 1", "not_framed 2@14 ]}"]],
    ["an end inside a record", '{"Records":[1,{"a":', ["1@12 1", 'not_framed 2@14 {"a":']],
    ["an end inside the array", '{"Records":[1', ["not_framed 1@12 1"]],
    ["an end after the array", '{"Records":[1]', ["1@12 1", 'not_framed 2@0 {"Records":[]']],
    [
      "broken text beside the array",
      '{"Records":[1],"x":tru}',
      ["1@12 1", 'not_framed 2@0 {"Records":[],"x":tru}'],
    ],
    ["something else at the top", '[{"a":1}]', ['not_framed 1@0 [{"a":1}]']],
    [
      "a record over the limit",
      `{"Records":["${"x".repeat(70)}",2]}`,
      [`line_too_long 1@12 "${"x".repeat(70)}"`, "2@85 2"],
    ],
  ];
  for (const [what, text, expected] of cases) {
    it(`frames ${what}`, () => {
      assert.deepEqual(wrapped(text), expected);
    });
  }

  it("takes the member's name as it is", () => {
    assert.deepEqual(wrapped('{"__proto__":[1],"a\\"b":[2]}', "__proto__"), ["1@14 1"]);
    assert.deepEqual(wrapped('{"__proto__":[1],"a\\"b":[2]}', 'a"b'), ["1@25 2"]);
  });
});

describe("BomSkipper", () => {
  it("takes one mark off, however it arrives, and gives back what was none", () => {
    for (const text of ["\uFEFFabc", "abc", "\uFEFF", "", "\uFEFF\uFEFF"]) {
      for (const step of [1, 2, 10]) {
        const bom = new BomSkipper();
        const bytes = Buffer.from(text);
        const out: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += step)
          out.push(bom.push(bytes.subarray(at, at + step)) ?? Buffer.alloc(0));
        out.push(bom.end() ?? Buffer.alloc(0));

        assert.equal(Buffer.concat(out).toString("utf8"), text.replace(/^\uFEFF/, ""));
      }
    }
    const half = new BomSkipper();
    assert.equal(half.push(Buffer.from([0xef, 0xbb])), undefined);
    assert.deepEqual([...half.end()!], [0xef, 0xbb]);
  });
});
