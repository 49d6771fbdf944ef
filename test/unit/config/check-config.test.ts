import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { checkConfig } from "../../../shared/config/load-config.ts";
import { formatProblem } from "../../../shared/config/problem.ts";
import { tempDir } from "../../helpers/temp-dir.ts";
import { problemsOf } from "./problems-of.ts";

describe("checkConfig", () => {
  it("names all problems at once, each with its line, what was found, and the fix", () => {
    const text = [
      "event_tpye: type",
      "splitter:",
      "  threads: 0",
      "  compression: gzipp",
      "  slots: 3",
      "routes:",
      "  - match: 22120",
      "    tabel: x",
      "  - {match: a, drop: true, table: t}",
      "sources:",
      "  - match: '*.log'",
      "    format: text",
      "types:",
      "  order:",
      "    amount: decimel(18,2)",
    ].join("\n");

    assert.deepEqual(problemsOf(text), [
      "router.yaml:1: event_tpye: unknown setting. Did you mean event_type?",
      "router.yaml:3: splitter.threads: must be at least 1; found 0. Write 1 or more.",
      'router.yaml:4: splitter.compression: must be one of zstd, gzip; found "gzipp". Did you mean gzip?',
      "router.yaml:5: splitter.slots: unknown setting. It belongs to loader.",
      'router.yaml:7: routes[0].match: must be a text; found 22120. Put it in quotes: "22120".',
      "router.yaml:8: routes[0].tabel: unknown setting. Did you mean table?",
      "router.yaml:9: routes[1]: has table and drop, but lines can only go one way. Keep one of table, drop.",
      "router.yaml:12: sources[0].format: text needs a pattern. Add pattern: one of combined, s3_access, alb, cloudfront, or a name from patterns.",
      'router.yaml:15: types.order.amount: is not a column type; found "decimel(18,2)". Did you mean decimal(18,2)?',
    ]);
  });

  const single: readonly [title: string, text: string, problem: string][] = [
    [
      "a list at the top",
      "- a\n",
      "router.yaml:1: must be settings (key: value). See docs/configuration.md for an example.",
    ],
    [
      "a text at the top",
      "hello\n",
      "router.yaml:1: must be settings (key: value). See docs/configuration.md for an example.",
    ],
    [
      "one rule instead of a list",
      "routes: {match: a}\n",
      'router.yaml:1: routes: must be a list; found {"match":"a"}. Write a list.',
    ],
    [
      "a route without match",
      "routes:\n  - drop: true\n",
      "router.yaml:2: routes[0].match: is missing. Write a text.",
    ],
    [
      "drop: false",
      "routes: [{match: a, drop: false}]\n",
      "router.yaml:1: routes[0].drop: can only be true; found false. Leave it out if it is not meant.",
    ],
    [
      "a path of numbers",
      "event_type: [1]\n",
      "router.yaml:1: event_type: must be a path; found [1]. Write a text (a dot goes down one level), or a list of paths; a path that is a list of keys takes each as it is.",
    ],
    [
      "an empty list of paths",
      "event_type: []\n",
      "router.yaml:1: event_type: must not be empty; found []. List at least one, or leave the setting out.",
    ],
    [
      "an empty key in a path",
      "event_type: [a..b]\n",
      'router.yaml:1: event_type[0]: has an empty key; found "a..b". Each key needs at least one character; a key with a dot in it is written as a list: [a.b].',
    ],
    [
      "a path twice",
      "event_type: [a.b, c, [a, b]]\n",
      "router.yaml:1: event_type[2]: is listed twice. Remove one of them.",
    ],
    [
      "a system column as path",
      "exclude: {a: [_lr_line]}\n",
      'router.yaml:1: exclude.a[0]: _lr_* is reserved for system columns; found "_lr_line". Remove it.',
    ],
    [
      "an unknown pattern",
      "patterns: {mine: '(?<a>.)'}\nsources:\n  - {match: a, format: text, pattern: mnie}\n",
      'router.yaml:3: sources[0].pattern: there is no such pattern; found "mnie". Did you mean mine?',
    ],
    [
      "a pattern for ndjson",
      "sources: [{match: a, pattern: alb}]\n",
      "router.yaml:1: sources[0].pattern: holds only for format: text. Add format: text, or remove it.",
    ],
    [
      "records for ndjson",
      "sources: [{match: a, records: Records}]\n",
      "router.yaml:1: sources[0].records: holds only for format: records. Add format: records, or remove it.",
    ],
    [
      "a pattern named like a preset",
      "patterns: {alb: '(?<a>.)'}\n",
      "router.yaml:1: patterns.alb: has the name of a preset. Choose another name.",
    ],
    [
      "a regular expression that is none",
      "patterns: {mine: '(?<a>['}\n",
      "router.yaml:1: patterns.mine: is not a regular expression: Invalid regular expression: /(?<a>[/: Unterminated character class. JavaScript's syntax holds.",
    ],
    [
      "a regular expression without names",
      "patterns: {mine: '(a)'}\n",
      "router.yaml:1: patterns.mine: has no named groups, so lines would have no fields. Name what is to be a field: (?<status>\\d+).",
    ],
    [
      "a group named like a system column",
      "patterns: {mine: '(?<_lr_line>a)'}\n",
      "router.yaml:1: patterns.mine: the group _lr_line has the prefix of system columns. Choose another name.",
    ],
    [
      "two ways to say the event type",
      "sources: [{match: a, constant_event_type: x, event_type: b}]\n",
      "router.yaml:1: sources[0].constant_event_type: and event_type exclude each other. Keep one of them.",
    ],
    [
      "a long constant event type",
      `sources: [{match: a, constant_event_type: ${"ä".repeat(101)}}]\n`,
      "router.yaml:1: sources[0].constant_event_type: is longer than 200 bytes. Shorten it.",
    ],
    [
      "a decimal of 39 digits",
      "types: {a: {b: 'decimal(39,2)'}}\n",
      "router.yaml:1: types.a.b: decimal has 1 to 38 digits; found decimal(39,2). Write decimal(38,2), for example.",
    ],
    [
      "a decimal with more scale than digits",
      "types: {a: {b: 'decimal(5,6)'}}\n",
      "router.yaml:1: types.a.b: decimal(p,s) has at most p digits behind the point, and at most 37; found decimal(5,6). Write decimal(5,2), for example.",
    ],
    [
      "a string that is too long",
      "types: {a: {b: string(65536)}}\n",
      "router.yaml:1: types.a.b: string has 1 to 65535 bytes; found string(65536). Write string(65535).",
    ],
    [
      "a pinned path that is excluded",
      "types: {a: {b.c: date}}\nexclude: {a: [[b, c]]}\n",
      'router.yaml:1: types.a."b.c": is excluded, so its type has no effect. Remove one of the two.',
    ],
    [
      "a sort key that is no time",
      "types: {a: {t: boolean}}\ntables: {event_time: {a: t}}\n",
      "router.yaml:2: tables.event_time.a: is pinned to a type that is no time. Remove one of the two.",
    ],
    [
      "the same path pinned twice",
      'types: {a: {b.c: date, \'["b","c"]\': date}}\n',
      'router.yaml:1: types.a."[\\"b\\",\\"c\\"]": the same path stands in types twice. Remove one of them.',
    ],
    [
      "a table name in capitals",
      "routes: [{match: a, table: 'Page Views'}]\n",
      'router.yaml:1: routes[0].table: must be lower-case letters, digits and _, start with a letter, and be at most 127 long; found "Page Views". Write page_views.',
    ],
    [
      "the catch-all table as a table",
      "routes: [{match: a, table: other_events}]\n",
      "router.yaml:1: routes[0].table: is the catch-all table, which keeps lines whole. Write catch_all: true instead, or another table.",
    ],
    [
      "a route that is never reached",
      "routes:\n  - {match: '*', drop: true}\n  - match: a\n",
      "router.yaml:3: routes[1].match: is never reached, because routes[0] (*) comes first. Put it in front of that one, or remove it.",
    ],
    [
      "the ledger's schema",
      "tables: {schema: log_router}\n",
      'router.yaml:1: tables.schema: is a schema with a purpose of its own; found log_router. Choose another, such as "events".',
    ],
    [
      "a grace that outlasts the visibility",
      "shutdown_grace_seconds: 60\n",
      "router.yaml:1: splitter.visibility_seconds: must be over shutdown_grace_seconds (60), or a stopping worker's messages are delivered to another one; found 60. Write more than 60, or make the grace shorter.",
    ],
    [
      "silence given up before a long poll ends",
      "aws: {silence_seconds: 5}\n",
      "router.yaml:1: aws.silence_seconds: must be over receive_wait_seconds (5), or every receive that waits for messages is given up; found 5. Write more than 5, or make receive_wait_seconds shorter.",
    ],
    [
      "batches older than the hold",
      "loader: {batch_age_seconds: 600}\n",
      "router.yaml:1: loader.batch_age_seconds: must be under hold_seconds, or every unit would go to `pending` before its batch closes; found 600, hold_seconds 600. Write less than 600.",
    ],
    [
      "memory for a few lines only",
      "splitter: {memory_bytes: 999999}\n",
      "router.yaml:1: splitter.memory_bytes: is too little to work with; found 999999. Write 1000000 or more.",
    ],
    [
      "parts larger than scratch",
      "splitter: {scratch_bytes: 9, part_bytes: 10}\n",
      "router.yaml:1: splitter.part_bytes: must not be over scratch_bytes, where a part is collected; found 10 over 9. Make part_bytes smaller or scratch_bytes larger.",
    ],
    [
      "__proto__ as an event type",
      "exclude: {__proto__: [password]}\n",
      'router.yaml:1: exclude.__proto__: the name cannot be used here. Use a glob that matches it, such as "__proto_?".',
    ],
    [
      "an empty name",
      "patterns: {'': '(?<a>.)'}\n",
      'router.yaml:1: patterns."": the name is empty. Write a name in front of the colon.',
    ],
  ];
  for (const [title, text, problem] of single) {
    it(`finds ${title}`, () => assert.deepEqual(problemsOf(text), [problem]));
  }

  it("points to the line of broken YAML, each of them", () => {
    const problems = problemsOf("a: 1\na: 2\nb: [1,\nc: {\n");

    assert.match(problems[0]!, /^router\.yaml:2: Map keys must be unique/);
    assert.ok(problems.length > 1, problems.join("\n"));
  });

  it("survives files that are no text, bombs and deep nesting", () => {
    const bomb = `a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join()}]`).join("\n")}`;

    assert.match(problemsOf(Buffer.from([0xff, 0xfe, 0x00]))[0]!, /is not UTF-8/);
    assert.match(problemsOf(bomb)[0]!, /alias/);
    assert.match(problemsOf("[".repeat(100_000))[0]!, /nested too deeply/);
  });

  it("says what is wrong with the file itself", () => {
    using dir = tempDir();

    assert.match(formatProblem(checkConfig({ file: dir.path }).problems[0]!), /is a folder/);
    assert.match(
      formatProblem(checkConfig({ file: join(dir.path, "no") }).problems[0]!),
      /there is no such file/,
    );
  });

  it("names the variable or flag that a wrong value came from", () => {
    assert.deepEqual(
      problemsOf(
        "on_corrupt: salvage\n",
        { LOG_ROUTER_SPLITTER_THREDS: "1", LOG_ROUTER_LOADER_SLOTS: "0", LOG_ROUTER_ROUTES: "[" },
        ["on_corrupt=no", "loader.slot=1", "loader.slots"],
      ),
      [
        '--set on_corrupt=no: on_corrupt: must be one of fail, salvage; found "no". Choose one of them.',
        "environment variable LOG_ROUTER_LOADER_SLOTS: loader.slots: must be at least 1; found 0. Write 1 or more.",
        "environment variable LOG_ROUTER_SPLITTER_THREDS: there is no such setting. Did you mean LOG_ROUTER_SPLITTER_THREADS?",
        "environment variable LOG_ROUTER_ROUTES: routes: the value is not valid YAML; found [. Quote texts with special characters; lists are [a, b], names with values {a: b}.",
        "--set loader.slot=1: there is no such setting. Did you mean loader.slots?",
        "--set loader.slots: loader.slots: has no value. Write --set loader.slots=VALUE.",
      ],
    );
  });

  it("never throws, whatever the file holds", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.integer(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        tie("list"),
        tie("map"),
      ),
      list: fc.array(tie("any"), { maxLength: 3 }),
      map: fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom("__proto__", "match", "table", "format", "a.b")),
        tie("any"),
        { maxKeys: 3 },
      ),
    })).any;
    const keys = fc.constantFrom(
      "event_type",
      "sources",
      "routes",
      "types",
      "exclude",
      "hash",
      "patterns",
      "splitter",
      "loader",
      "tables",
    );
    using dir = tempDir();
    const file = join(dir.path, "any.yaml");

    fc.assert(
      fc.property(fc.dictionary(keys, value), (config) => {
        writeFileSync(file, JSON.stringify(config));
        const result = checkConfig({ file });
        assert.ok(result.config === undefined ? result.problems.length > 0 : result.problems.length === 0);
      }),
      { numRuns: Number(process.env["FC_RUNS"] ?? 200) },
    );
  });
});
