import assert from "node:assert/strict";
import { formatExact, parseExact } from "../../../shared/schema/exact-json.ts";
import { readBack } from "../../../shared/schema/fits.ts";
import { rebuildDocument, rescuedValues } from "../../../shared/schema/rebuild.ts";
import { canonical, sameDocument } from "../../../shared/schema/same-document.ts";
import type { CatalogColumn, ColumnType } from "../../../shared/schema/types.ts";

function column(name: string, type: ColumnType, ...path: string[]): CatalogColumn {
  return { column: name, type, path, addedAt: new Date(0) };
}

function same(a: string, b: string): boolean {
  return sameDocument(parseExact(a), parseExact(b));
}

describe("rebuildDocument", () => {
  it("puts columns back at their paths", () => {
    const columns = [
      column("a", "integer", "a"),
      column("o_b", "string(256)", "o", "b"),
      column("n", "double", "n"),
    ];
    const document = rebuildDocument(columns, { a: 9007199254740993n, o_b: "x", n: null }, []);

    assert.equal(formatExact(document), '{"a":9007199254740993,"o":{"b":"x"}}');
  });

  it("merges siblings, and lays columns over objects kept whole", () => {
    const columns = [
      column("x", "integer", "x"),
      column("x_string", "string(256)", "x"),
      column("o_a", "integer", "o", "a"),
      column("o", "json", "o"),
    ];
    const document = rebuildDocument(columns, { x: null, x_string: "5", o: '{"a":1,"b":[2]}', o_a: 1 }, []);

    assert.equal(formatExact(document), '{"x":"5","o":{"a":1,"b":[2]}}');
  });

  it("takes the payload of a whole line apart", () => {
    const columns = [column("a", "integer", "a"), column("payload", "json")];

    assert.equal(
      formatExact(rebuildDocument(columns, { payload: '{"a":1,"b":2}', a: 1 }, [])),
      '{"a":1,"b":2}',
    );
  });

  it("leaves hashes out and gives epoch times as numbers again", () => {
    const columns = [column("mail", "hash", "mail"), column("at", "epoch_milliseconds", "at")];
    const document = rebuildDocument(columns, { mail: "ab", at: "2023-11-14 22:13:20.1235+00" }, []);

    assert.equal(formatExact(document), '{"at":1700000000123.5}');
  });

  it("puts rescued values where nothing is, also into arrays", () => {
    const columns = [column("a", "integer", "a"), column("l", "json", "l")];
    const rescued = [
      { p: '["a"]', t: ["1"] },
      { p: '["l",1]', t: ["1e9", "99"] },
      { p: '["l",2,"k"]', t: ['"x"'] },
      { p: '["o","",""]', t: ["[1]"] },
    ];
    const document = rebuildDocument(columns, { a: 2, l: '[0,null,{"m":1}]' }, rescued);

    assert.equal(formatExact(document), '{"a":2,"l":[0,1e999,{"m":1,"k":"x"}],"o":{"":{"":[1]}}}');
  });

  it("lets the last of equal keys win", () => {
    const rescued = [
      { p: '["a"]', t: ["1"] },
      { p: '["a"]', t: ["2"] },
      { p: '["b"]', t: ['{"x":1}'] },
      { p: '["b","y"]', t: ["2"] },
    ];

    assert.equal(formatExact(rebuildDocument([], {}, rescued)), '{"b":{"y":2},"a":2}');
  });

  it("takes keys that objects have for keys", () => {
    const columns = [column("p", "integer", "__proto__", "a"), column("c", "integer", "constructor")];
    const document = rebuildDocument(columns, { p: 1, c: 2 }, [{ p: '["toString"]', t: ["3"] }]);

    assert.equal(formatExact(document), '{"constructor":2,"__proto__":{"a":1},"toString":3}');
    assert.equal(({} as Record<string, unknown>)["a"], undefined);
  });

  it("reads the rescue column as text or as value", () => {
    const entries = [{ p: '["a"]', t: ["1"] }];

    assert.deepEqual(rescuedValues(JSON.stringify(entries)), entries);
    assert.deepEqual(rescuedValues(entries), entries);
    assert.deepEqual(rescuedValues(null), []);
  });
});

describe("readBack", () => {
  it("takes what drivers give", () => {
    assert.equal(formatExact(readBack("decimal(18,2)", "19.90")), "19.90");
    assert.equal(formatExact(readBack("integer", 5n)), "5");
    assert.equal(formatExact(readBack("timestamptz", new Date(0))), '"1970-01-01T00:00:00Z"');
    assert.equal(formatExact(readBack("timestamptz", "2026-01-05 08:00:00+05:30")), '"2026-01-05T02:30:00Z"');
    assert.equal(formatExact(readBack("timestamp", "2026-01-05 08:00:00.5")), '"2026-01-05T08:00:00.5"');
    assert.equal(formatExact(readBack("date", "2026-01-05")), '"2026-01-05"');
    assert.equal(formatExact(readBack("string(256)", "2026-01-05 08:00:00+00")), '"2026-01-05 08:00:00+00"');
    assert.equal(formatExact(readBack("json", { a: [1n, null] })), '{"a":[1,null]}');
    assert.equal(formatExact(readBack("epoch_seconds", "0001-01-01T00:00:00Z")), "-62135596800");
    assert.equal(readBack("hash", "ab"), null);
  });
});

describe("sameDocument", () => {
  for (const [a, b] of [
    ['{"a":null,"b":{},"c":{"d":null}}', "{}"],
    ['{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['{"a":1.0}', '{"a":1}'],
    ['{"a":1e3}', '{"a":1000.00}'],
    ['{"a":-0}', '{"a":0.0}'],
    ['{"a":19.90}', '{"a":1.99e1}'],
    ['{"a":"2026-01-05T08:00:00.10+01:00"}', '{"a":"2026-01-05 07:00:00.1Z"}'],
    ['{"a":"2026-01-05T08:00:00"}', '{"a":"2026-01-05 08:00:00.000"}'],
    ['{"a":[{"b":null}]}', '{"a":[{}]}'],
    ['{"\\u0061":"\\u0041"}', '{"a":"A"}'],
    ["null", "{}"],
  ] as const) {
    it(`${a} equals ${b}`, () => {
      assert.ok(same(a, b));
      assert.ok(same(b, a));
    });
  }

  for (const [a, b] of [
    ['{"a":9007199254740993}', '{"a":9007199254740992}'],
    ['{"a":0.1}', '{"a":0.1000000000000000055}'],
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":"2026-01-05T08:00:00"}', '{"a":"2026-01-05T08:00:00Z"}'],
    ['{"a":"2026-01-05"}', '{"a":"2026-01-05T00:00:00"}'],
    ['{"a":[null]}', '{"a":[]}'],
    ['{"a":[1,2]}', '{"a":[2,1]}'],
    ['{"a":[]}', "{}"],
    ['{"a":""}', "{}"],
    ['{"a":false}', "{}"],
    ['{"__proto__":1}', "{}"],
  ] as const) {
    it(`${a} does not equal ${b}`, () => {
      assert.ok(!same(a, b));
    });
  }

  it("compares numbers beyond every double", () => {
    assert.ok(same('{"a":1e999}', '{"a":10e998}'));
    assert.ok(!same('{"a":1e999}', '{"a":1e998}'));
    assert.equal(canonical(parseExact("1e999")), "1e999");
  });
});
