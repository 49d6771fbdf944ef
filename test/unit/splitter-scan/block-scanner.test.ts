import assert from "node:assert/strict";
import { BlockScanner } from "../../../services/splitter/scan/block-scanner.ts";
import {
  linesOf,
  options,
  partLine,
  quarantinedOf,
  scanBytes,
  segmentsOf,
  shapesAsJson,
  SOURCE,
} from "./scan-helpers.ts";

const head = (line: number, type: string) =>
  `{"_lr_source":"${SOURCE}","_lr_line":${line},"_lr_event_type":${JSON.stringify(type)}`;

describe("BlockScanner", () => {
  it("puts source, line and event type in front and leaves the rest byte for byte", () => {
    const line = '{ "event":"a" ,"é": [1, {"x" :1.50}],\t"u":"\\u0041\\/"}';

    assert.equal(partLine(line), `${head(1, "a")}, ${line.slice(2)}`);
  });

  it("gives an empty object no comma", () => {
    const constant = { constantEventType: "c" };

    assert.equal(partLine("{}", constant), `${head(1, "c")}}`);
    assert.equal(partLine(" { \t} \r\n", constant), `${head(1, "c")}}`);
  });

  it("takes LF and CRLF, blank lines, a byte order mark, and a last line without newline", () => {
    const text = '\ufeff{"event":"a","n":1}\r\n\n \t\r\n  {"event":"b"}  \n{"event":"a","n":4}';

    const { results, lines } = scanBytes(Buffer.from(text));

    const { lines: count, rows, blank, dropped, normalised, quarantined } = results[0]!;
    assert.deepEqual(
      { count, rows, blank, dropped, normalised },
      { count: 5, rows: 3, blank: 2, dropped: 0, normalised: 0 },
    );
    assert.equal(quarantined.count, 0);
    assert.deepEqual(Object.fromEntries(lines), {
      a: [`${head(1, "a")},"event":"a","n":1}`, `${head(5, "a")},"event":"a","n":4}`],
      b: [`${head(4, "b")},"event":"b"}`],
    });
  });

  it("skips a byte order mark at the start of the source only", () => {
    const bytes = Buffer.from('\ufeff{"event":"a"}');
    const scanner = new BlockScanner(options());

    assert.equal(scanner.scan(bytes, 1, 0).rows, 1);
    assert.equal(quarantinedOf(scanner.scan(bytes, 2, 100))[0]?.reason, "invalid_json");
    assert.equal(scanner.scan(Buffer.from("\ufeff"), 1, 0).lines, 0);
    assert.equal(scanner.scan(Buffer.alloc(0), 1, 0).lines, 0);
  });

  it("numbers lines and offsets from where the block begins", () => {
    const scanner = new BlockScanner(options());

    const result = scanner.scan(Buffer.from('{"event":"a"}\r\n nope\r\n{"event":"a"}'), 4_000_000_000, 6e12);

    assert.deepEqual(
      quarantinedOf(result).map(({ line, offset, start, end, reason }) => ({
        line,
        offset,
        start,
        end,
        reason,
      })),
      [{ line: 4_000_000_001, offset: 6e12 + 15, start: 15, end: 20, reason: "invalid_json" }],
    );
    assert.match(linesOf([result]).get("a")![1]!, /"_lr_line":4000000002,/);
  });

  it("gives every bad line its reason and its raw bytes", () => {
    const cases: [string | Buffer, string][] = [
      ["[1]", "not_an_object"],
      ['"text"', "not_an_object"],
      ["12", "not_an_object"],
      ["null", "not_an_object"],
      ['{"event":"a"', "invalid_json"],
      ['{"event":"a"}}', "invalid_json"],
      ['{"event":"a"}{"event":"a"}', "invalid_json"],
      ['{"event":"a",}', "invalid_json"],
      ['{"event":"a" "b":1}', "invalid_json"],
      ['{"event":"a","b":01}', "invalid_json"],
      ['{"event":"a","b":1.}', "invalid_json"],
      ['{"event":"a","b":+1}', "invalid_json"],
      ['{"event":"a","b":NaN}', "invalid_json"],
      ['{"event":"a","b":tru}', "invalid_json"],
      ['{"event":"a","b":"\t"}', "invalid_json"],
      ['{"event":"a","b":"\\x"}', "invalid_json"],
      ['{"event":"a","b":"\\u12g4"}', "invalid_json"],
      ["{event:1}", "invalid_json"],
      ["{'event':1}", "invalid_json"],
      ['{"event":"a","b":[1,]}', "invalid_json"],
      ['{"event":"a","b":[1}}', "invalid_json"],
      [Buffer.from("7b226576656e74223a22ff227d", "hex"), "invalid_utf8"],
      [Buffer.from("7b226576656e74223a22c0af227d", "hex"), "invalid_utf8"],
      [Buffer.from("7b226576656e74223a22eda080227d", "hex"), "invalid_utf8"],
      [Buffer.from("7b226576656e74223a22f4908080227d", "hex"), "invalid_utf8"],
      [Buffer.from("7b226576656e74223a22e28c227d", "hex"), "invalid_utf8"],
      [Buffer.from("ff", "hex"), "invalid_utf8"],
      ["{}", "no_event_type"],
      ['{"event":""}', "no_event_type"],
      ['{"event":null}', "no_event_type"],
      ['{"event":1.5}', "no_event_type"],
      ['{"event":9223372036854775808}', "no_event_type"],
      ['{"event":"a\\u0000"}', "no_event_type"],
      ['{"event":"\\udc00"}', "no_event_type"],
      [`{"event":"${"é".repeat(101)}"}`, "no_event_type"],
      ['{"a":{"event":"x"},"b":[{"event":"x"}]}', "no_event_type"],
    ];
    const bytes = Buffer.concat(cases.flatMap(([line]) => [bytesOf(line), Buffer.from("\n")]));

    const { results } = scanBytes(bytes);

    const found = quarantinedOf(results[0]!).map(({ start, end, reason, line }) => [
      line,
      bytes.toString("hex", start, end),
      reason,
    ]);
    assert.deepEqual(
      found,
      cases.map(([line, reason], index) => [index + 1, bytesOf(line).toString("hex"), reason]),
    );
    assert.equal(results[0]!.rows, 0);
    assert.equal(
      quarantinedOf(results[0]!).find(({ reason }) => reason === "invalid_utf8")?.detail,
      "invalid UTF-8 at byte 10",
    );
  });

  it("finds the event type by the first path that matches, wherever it stands", () => {
    const cases: [string, string][] = [
      ['{"type":"second","event":"first"}', "first"],
      ['{"type":"second","event":""}', "second"],
      ['{"meta":{"type":"third"},"type":[],"event":{}}', "third"],
      ['{"event":-5}', "-5"],
      ['{"event":9223372036854775807}', "9223372036854775807"],
      ['{"event":22120.0,"type":7}', "7"],
      ['{"\\u0065vent":"a\\"\\u00e9\\n"}', 'a"é\n'],
      [`{"event":"${"é".repeat(100)}"}`, "é".repeat(100)],
      ['{"event":"one","x":1,"event":"two"}', "two"],
      ['{"meta":{"type":"one"},"meta":{"type":"two"}}', "two"],
      ['{"meta":{"type":"one"},"meta":3,"event":"e"}', "e"],
      ['{"event":"__proto__"}', "__proto__"],
    ];

    for (const [line, expected] of cases) {
      const [type] = scanBytes(Buffer.from(line)).lines.keys();
      assert.equal(type, expected, line);
    }
  });

  it("routes valid lines by their event type and asks once for each", () => {
    const asked: string[] = [];
    const fate = (type: string) => {
      asked.push(type);
      return type === "noise" ? "drop" : type === "secret" ? "quarantine" : "keep";
    };
    const lines = [
      '{"event":"noise"}',
      '{"event":"secret"}',
      '{"event":"a"}',
      '{"event":"noise","x":1,"x":2}',
      '{"event":"noise"',
      '{"event":"secret","x":"\\ud800"}',
    ];

    const scanned = scanBytes(Buffer.from(lines.join("\n")), { fate });

    const [result] = scanned.results;
    assert.deepEqual(asked, ["noise", "secret", "a"]);
    assert.deepEqual([result!.lines, result!.rows, result!.dropped, result!.normalised], [6, 1, 2, 0]);
    assert.deepEqual(
      quarantinedOf(result!).map(({ line, reason }) => [line, reason]),
      [
        [2, "by_rule"],
        [5, "invalid_json"],
        [6, "by_rule"],
      ],
    );
    assert.deepEqual([...scanned.shapes.keys()], ["a"]);
  });

  it("gives the segments in the order in which the types first appear, in one buffer", () => {
    const text = ["b", "a", "b", "c", "a"].map((type) => `{"event":"${type}"}\n`).join("");

    const segments = segmentsOf(scanBytes(Buffer.from(text)).results);

    assert.deepEqual(
      segments.map(({ eventType, lines }) => [eventType, lines]),
      [
        ["b", 2],
        ["a", 2],
        ["c", 1],
      ],
    );
    assert.equal(new Set(segments.map(({ bytes }) => bytes.buffer)).size, 1);
  });

  it("leaves newlines between the tokens of framed records out", () => {
    const block = Buffer.from(
      '{"Records":[{\n  "event": "a",\r\n  "x": [1,\n2]\n},{"event":"a",\n"s":"one\ntwo"},  \n ,{"event":"a"}]}',
    );
    const starts = ['{\n  "event"', '{"event":"a",\n', "  \n ", '{"event":"a"}]'].map((text) =>
      block.indexOf(text),
    );
    const ends = [starts[1]! - 1, starts[2]! - 1, starts[3]! - 1, block.length - 2];
    const spans = Uint32Array.from(starts.flatMap((start, index) => [start, ends[index]!]));

    const result = new BlockScanner(options()).scanRecords(block, spans, 10, 1000);

    assert.deepEqual(linesOf([result]).get("a"), [
      `${head(10, "a")},  "event": "a",  "x": [1,2]}`,
      `${head(13, "a")},"event":"a"}`,
    ]);
    assert.deepEqual([result.lines, result.rows, result.blank, result.normalised], [4, 2, 1, 0]);
    const [bad] = quarantinedOf(result);
    assert.deepEqual(
      [bad?.line, bad?.offset, bad?.start, bad?.end, bad?.reason],
      [11, 1000 + starts[1]!, starts[1], ends[1], "invalid_json"],
    );
  });

  it("takes the offsets of records from the list given", () => {
    const block = Buffer.from('{"event":"a"}nope');

    const result = new BlockScanner(options()).scanRecords(
      block,
      Uint32Array.of(0, 13, 13, 17),
      1,
      Float64Array.of(70, 1e12),
    );

    assert.equal(quarantinedOf(result)[0]?.offset, 1e12);
  });

  it("quarantines a record that breaks off in a string, up to the end of the block", () => {
    const block = Buffer.from(`{"event":"a","x":"${"y".repeat(100)}`);

    const { quarantined } = new BlockScanner(options()).scanRecords(
      block,
      Uint32Array.of(0, 40, 0, 13),
      1,
      0,
    );

    assert.deepEqual(
      quarantinedOf({ quarantined }).map(({ end, reason }) => [end, reason]),
      [
        [40, "invalid_json"],
        [13, "invalid_json"],
      ],
    );
  });

  it("writes to buffers handed back, and to none that was not", () => {
    const scanner = new BlockScanner(options());
    const scan = (type: string, lines: number) => {
      const result = scanner.scan(Buffer.from(`{"event":"${type}","x":1}\n`.repeat(lines)), 1, 1);
      return segmentsOf([result])[0]!;
    };

    const kept = scan("kept", 40);
    const text = Buffer.from(kept.bytes).toString();
    const back = scan("back", 40);
    scanner.recycle(back.bytes.buffer);
    const [again, fresh] = [scan("next", 39), scan("last", 40)];

    assert.equal(again.bytes.buffer, back.bytes.buffer);
    assert.notEqual(fresh.bytes.buffer, back.bytes.buffer);
    assert.equal(Buffer.from(again.bytes).toString().split("\n").length, 40);
    assert.equal(
      Buffer.from(again.bytes)
        .toString()
        .match(/"event":"next","x":1\}\n/g)?.length,
      39,
    );
    assert.equal(Buffer.from(kept.bytes).toString(), text);
  });

  it("starts the shapes anew when they are taken", () => {
    const scanner = new BlockScanner(options());
    scanner.scan(Buffer.from('{"event":"a","x":1}\n{"event":"b"}\n'), 1, 0);

    const first = scanner.takeShapes();
    scanner.scan(Buffer.from('{"event":"a","y":null}\n'), 3, 34);

    assert.deepEqual([...first.keys()], ["a", "b"]);
    assert.deepEqual(shapesAsJson(scanner.takeShapes()), {
      a: { object: 1, keys: { event: { string: { count: 1, bytes: 1 } }, y: { null: 1 } } },
    });
    assert.deepEqual([...scanner.takeShapes()], []);
  });

  it("hands the last shapes over once each, by name, then the rest; then nothing can be scanned", () => {
    const scanner = new BlockScanner(options());
    scanner.scan(Buffer.from('{"event":"a","x":1}\n{"event":"b","x":1e999}\n{"event":"c"}\n'), 1, 0);
    const whole = scanBytes(
      Buffer.from('{"event":"a","x":1}\n{"event":"b","x":1e999}\n{"event":"c"}\n'),
    ).shapes;

    const some = new Map(scanner.lastShapes(["b", "no such type", "b"]));
    const rest = new Map(scanner.lastShapes());

    assert.deepEqual([[...some.keys()], [...rest.keys()]], [["b"], ["a", "c"]]);
    assert.deepEqual(shapesAsJson(new Map([...rest, ...some])), shapesAsJson(whole));
    assert.deepEqual([...scanner.lastShapes()], []);
    assert.throws(() => scanner.scan(Buffer.from('{"event":"a"}\n'), 4, 60));
  });

  it("takes an interior carriage return between tokens for white space and leaves it out", () => {
    assert.equal(partLine('{"event":"a",\r"x":1}\r\r\n'), `${head(1, "a")},"event":"a","x":1}`);
  });
});

function bytesOf(line: string | Buffer): Buffer {
  return typeof line === "string" ? Buffer.from(line) : line;
}
