// Random documents for property tests: hostile keys and strings, numbers of every size as exact text.
import fc from "fast-check";

/** Runs of each property; FC_RUNS raises them. */
export const RUNS = Number(process.env["FC_RUNS"] ?? 200);

const HOSTILE = [
  "__proto__",
  "constructor",
  "a",
  "b",
  "c",
  "A",
  "10",
  "9",
  "_lr",
  "toString",
  "é",
  "日本",
  "a.b",
  '"',
  "a\\b",
  "\t",
];

// Without the key `\`: after an object with it, V8 13.6 takes any escape in a later key at the same place for it
// (JSON.parse('{"b":0,"\\\\":1}') makes JSON.parse('{"b":0,"\\t":1}') wrong), and JSON.parse is what tests compare with.
export const key = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }) },
);

const digits = (max: number) => fc.stringMatching(new RegExp(`^(0|[1-9][0-9]{0,${max}})$`));

/** Number texts around every limit. */
export const numberText = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }).map(String),
  fc.constantFrom(
    "-0",
    "0.0",
    "-0.0e9",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
  ),
  fc.constantFrom(
    "1e999",
    "1E-999",
    "19.99",
    "0.1000000000000000055",
    "1e22",
    "1e23",
    "123456789012345678.5",
    "0.30000000000000004",
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => JSON.stringify(double)),
  fc
    .tuple(
      fc.constantFrom("", "-"),
      digits(18),
      fc.stringMatching(/^(\.[0-9]{1,20})?$/),
      fc.stringMatching(/^([eE][+-]?[0-9]{1,3})?$/),
    )
    .map((parts) => parts.join("")),
);

const two = fc.integer({ min: 0, max: 62 }).map((value) => String(value).padStart(2, "0"));

/** Strings that are times, or nearly. */
export const nearTime = fc
  .tuple(
    fc.constantFrom("0000", "0001", "1900", "2000", "2023", "2024", "9999", "12345"),
    fc.constantFrom("-01-31", "-02-29", "-02-28", "-04-31", "-12-31", "-13-01", "-00-10", "-10-00"),
    fc.oneof(
      fc.constant(""),
      fc.tuple(fc.constantFrom("T", " ", "t"), two, two, two).map(([t, h, m, s]) => `${t}${h}:${m}:${s}`),
    ),
    fc.constantFrom("", "", ".1", ".123456", ".1234567", "."),
    fc.constantFrom("", "Z", "z", "+00:00", "-00:00", "+15:59", "-16:00", "+02:60", "+0200", "+02:00"),
  )
  .map((parts) => parts.join(""));

/** Strings in general, half surrogate pairs and NUL among them. */
export const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("\0", "\ud800", "a\udc00b", "\ud83d\ude00", "|||", "\u0085\u2028", "'"),
  nearTime,
);

const quoted = (value: fc.Arbitrary<string>) =>
  fc.tuple(value, fc.constantFrom(0, 0, 0, 1, 2)).map(([plain, style]) => writeString(plain, style));

/** One string can be written in many ways: as JSON.stringify does, all escaped, or its first unit escaped. */
function writeString(plain: string, style: number): string {
  if (style === 0) return JSON.stringify(plain);
  // oxlint-disable-next-line no-control-regex
  if (style === 1) return `"${plain.replace(/[^]/g, escape)}"`;
  return plain === "" ? '""' : `"${escape(plain[0]!)}${JSON.stringify(plain.slice(1)).slice(1)}`;
}

function escape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`;
}

const white = fc.constantFrom("", "", "", "", " ", "\t", "  ");

const gap = (value: fc.Arbitrary<string>) => fc.tuple(white, value, white).map((parts) => parts.join(""));

/** JSON texts of any value, with white space, duplicate keys, and numbers and strings of every kind. */
export const { json } = fc.letrec<{ json: string }>((tie) => {
  const member = fc.tuple(gap(quoted(key)), gap(tie("json"))).map(([name, value]) => `${name}:${value}`);
  return {
    json: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.constantFrom("null", "true", "false"),
      numberText,
      quoted(text),
      fc.array(gap(tie("json")), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
      fc.array(member, { maxLength: 6 }).map((members) => `{${members.join(",")}}`),
    ),
  };
});

/** JSON texts of objects. */
export const objectJson = fc
  .array(
    fc
      .tuple(white, quoted(key), white, json, white)
      .map(([a, name, b, value, c]) => `${a}${name}${b}:${value}${c}`),
    { maxLength: 7 },
  )
  .map((members) => `{${members.join(",")}}`);
