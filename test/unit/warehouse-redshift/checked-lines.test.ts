import assert from "node:assert/strict";
import type { CatalogColumn, ColumnType, TableLoadPlan } from "../../../shared/schema/types.ts";
import { LineChecker } from "../../../shared/warehouse/redshift/checked-lines.ts";
import { Refused } from "../../../shared/warehouse/redshift/refused.ts";
import { partLine } from "../../contract/warehouse-parts.ts";

const SOURCE = "0123456789abcdef0123456789abcdef";
const column = (path: string, type: ColumnType): CatalogColumn => ({
  path: path.split("."),
  type,
  column: path.replace(".", "_"),
  addedAt: new Date(0),
});
const plan = (...columns: CatalogColumn[]): TableLoadPlan => ({
  table: "t",
  mode: "staged",
  columns,
  catchAll: false,
  exclude: [],
  hash: [],
});
const line = (document: string, rescued?: string): Buffer =>
  Buffer.from(partLine(SOURCE, 7, "type", document, rescued));
const SYSTEM = `"_lr_source":"${SOURCE}","_lr_line":7,"_lr_event_type":"type"`;

describe("LineChecker", () => {
  it("writes values as COPY takes them exactly", () => {
    const checker = new LineChecker(
      plan(
        column("d", "decimal(38,20)"),
        column("z", "timestamptz"),
        column("t", "timestamp"),
        column("e", "epoch_seconds"),
        column("n", "integer"),
      ),
    );
    const document =
      '{"d":0.1234567890123456,"z":"2026-01-05T08:00:00.5+05:30","t":"2026-01-05 08:00:00","e":1.5,"n":9007199254740993}';

    const { bytes, rescued } = checker.check(line(document));

    assert.equal(
      bytes.toString(),
      `{${SYSTEM},"c0":"0.1234567890123456","c1":"2026-01-05 02:30:00.5+00","c2":"2026-01-05 08:00:00","c3":"1970-01-01 00:00:01.5+00","c4":9007199254740993}\n`,
    );
    assert.equal(rescued, 0);
  });

  it("names the columns that were filled, and no others", () => {
    const checker = new LineChecker(
      plan(column("a", "integer"), column("b.c", "integer"), column("d", "integer")),
    );
    checker.check(line('{"b":{"c":1},"d":"no"}'));

    assert.deepEqual(checker.used(), [{ column: "b_c", key: "c1" }]);
  });

  it("rescues in pieces of at most 65,535 bytes of ASCII, after what the line had", () => {
    const checker = new LineChecker(plan());
    const rescued = '[{"p":"[\\"old\\"]","t":["1e999"]}]';
    const { bytes, rescued: count } = checker.check(
      line(JSON.stringify({ x: ["é".repeat(30_000), "é".repeat(30_000)] }), rescued),
    );

    const entries = JSON.parse(bytes.toString())._lr_rescued as { p: string; t: string[] }[];
    assert.equal(count, 1);
    assert.deepEqual(
      entries.map(({ p }) => p),
      ['["old"]', '["x"]'],
    );
    assert.ok(entries[1]!.t.length > 1 && entries[1]!.t.every((piece) => Buffer.byteLength(piece) <= 65_535));
    assert.deepEqual(JSON.parse(entries[1]!.t.join("")), ["é".repeat(30_000), "é".repeat(30_000)]);
  });

  for (const [title, bytes, lines] of [
    [
      "no JSON",
      Buffer.from(`{"_lr_source":"${SOURCE}","_lr_line":3,"_lr_event_type":nonsense`),
      [{ sourceId: SOURCE, line: 3 }],
    ],
    [
      "not UTF-8",
      Buffer.concat([
        Buffer.from(`{"_lr_source":"${SOURCE}","_lr_line":4,"x":"`),
        Buffer.from([0xff]),
        Buffer.from('"}'),
      ]),
      [{ sourceId: SOURCE, line: 4 }],
    ],
    ["no object", Buffer.from("[1]"), []],
    ["no line of ours", Buffer.from('{"a":1}'), []],
  ] as const) {
    it(`refuses a line that is ${title}, and names it where it can`, () => {
      assert.throws(
        () => new LineChecker(plan()).check(bytes),
        (error) =>
          error instanceof Refused &&
          error.table === "t" &&
          JSON.stringify(error.lines) === JSON.stringify(lines),
      );
    });
  }

  it("refuses a line that is over 4,000,000 bytes once its values are in columns, bars counted twice", () => {
    const big = JSON.stringify({
      o: { s: "|".repeat(60_000), more: Array.from({ length: 60 }, () => "x".repeat(64_000)) },
    });
    const checker = new LineChecker(plan(column("o", "json"), column("o.s", "string(65535)")));

    assert.throws(
      () => checker.check(line(big)),
      (error) =>
        error instanceof Refused && /4,000,000 bytes/.test(error.message) && error.lines[0]?.line === 7,
    );
  });
});
