// The work that is done while workers are killed: small, and with everything that has a step of its own. A scene is played in phases; each
// begins when the one before has come to its end.
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Prng } from "../../../scripts/sample/prng.ts";

/**
 * mixed: several types, bad lines, a torn source, rescued values; then a schema change, a source written again, one announced twice.
 * returning: a source written again, and its first content once more (A, B, A).
 * refused: a line that only the warehouse's limit refuses.
 * wide: a receipt whose shapes go into a sidecar.
 * pieces: a part that is uploaded in pieces.
 * shared: sources whose event types share parts, one of them written again with fewer types.
 * brief: two sources of two types and a bad line, for the suite's short form.
 * All but `shared` have a part an event type: more moments between one request and the next.
 */
export type SceneName = "mixed" | "returning" | "refused" | "wide" | "pieces" | "shared" | "brief";

export interface SourceFile {
  readonly key: string;
  readonly body: Uint8Array;
  /** Its lines, without their ends; undefined of a source that nothing is loaded of. */
  readonly lines?: readonly string[];
}

export interface Phase {
  readonly puts: readonly SourceFile[];
  /** Keys of sources whose notification comes once more. */
  readonly again?: readonly string[];
}

export interface Scene {
  readonly name: SceneName;
  readonly phases: readonly Phase[];
  /** YAML of the workers' configuration. */
  readonly config: string;
  /** Numbers of lines that are in no table: quarantined by the splitter, or refused by the warehouse. By key. */
  readonly notLoaded?: Readonly<Record<string, readonly number[]>>;
}

/** A message whose worker was killed comes back after this long. Not 2: a message that is given back may pause for 2. */
export const VISIBILITY_SECONDS = 3;

const OWN_PARTS = "splitter:\n  own_part_bytes: 0\n";

const bytes = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join("\n")}\n`);
const plain = (key: string, lines: readonly string[]): SourceFile => ({ key, lines, body: bytes(lines) });
const times = (count: number, line: (n: number) => string): string[] =>
  Array.from({ length: count }, (_, n) => line(n));

const order = (n: number): string =>
  `{"event":"order","n":${n},"text":"ä ${n}","ok":true,"price":${n}.5,"at":"2026-10-0${1 + (n % 9)}T08:00:00Z"}`;
const pageView = (n: number): string =>
  `{"event":"Order","path":"/p/${n}","user":{"id":${n},"name":"u${n}"},"tags":["a",{"b":${n}}]}`;

function mixed(): Scene {
  const first = [
    ...times(12, order),
    "no JSON at all",
    ...times(6, pageView),
    '{"event":"order","n":1e999,"text":"rescued"}',
    '{"event":"order"',
    "",
    ...times(3, (n) => `{"event":"pinned","n":${n}}`),
  ];
  const second = [
    ...times(4, (n) => `{"event":"refund","order":${n},"why":null}`),
    ...times(8, (n) => pageView(n + 50)),
  ];
  const changed = [
    ...times(
      3,
      (n) => `{"event":"order","n":${n}.25,"text":"${"long ".repeat(80)}","ok":"yes","new":{"x":${n}}}`,
    ),
    '{"event":"pinned","n":"no integer"}',
    "{torn",
    '{"event":"pinned","n":7}',
  ];
  const torn = gzipSync(bytes(times(200, (n) => `{"event":"torn","n":"${n * 7919}"}`)));
  return {
    name: "mixed",
    config: `${OWN_PARTS}types:\n  pinned:\n    n: integer\n`,
    phases: [
      {
        puts: [
          { key: "raw/first.ndjson.gz", lines: first, body: gzipSync(bytes(first)) },
          { key: "raw/second.ndjson.zst", lines: second, body: zstdCompressSync(bytes(second)) },
          plain(
            "raw/again.ndjson",
            times(5, (n) => `{"event":"${n < 3 ? "stock" : "refund"}","order":${n}}`),
          ),
          { key: "raw/torn.ndjson.gz", body: torn.subarray(0, torn.length - 200) },
        ],
      },
      {
        puts: [
          plain("raw/changed.ndjson", changed),
          plain(
            "raw/again.ndjson",
            times(2, (n) => `{"event":"refund","order":${n + 70},"note":"B"}`),
          ),
        ],
        again: ["raw/first.ndjson.gz"],
      },
    ],
    notLoaded: { "raw/first.ndjson.gz": [13, 21, 22], "raw/changed.ndjson": [5] },
  };
}

function returning(): Scene {
  const [a, b] = ["a", "b"].map((text) =>
    plain("raw/back.ndjson", [
      ...times(3, (n) => `{"event":"back","n":${n},"text":"${text}"}`),
      `{"event":"only_${text}","n":1}`,
    ]),
  );
  return { name: "returning", config: OWN_PARTS, phases: [{ puts: [a!] }, { puts: [b!] }, { puts: [a!] }] };
}

/**
 * Most of its bytes are quotes, which double when a value is kept as text; and so it is, for the pinned column cannot hold it and the
 * table has no room for another one.
 */
function refused(): Scene {
  const heavy = `{"event":"heavy","n":3,"a":3,"b":3,"big":[${times(820_000, () => '"a"').join(",")}]}`;
  const lines = times(5, (n) =>
    n === 2 ? heavy : `{"event":"heavy","n":${n},"a":${n},"b":${n},"big":${n}}`,
  );
  return {
    name: "refused",
    config: "tables:\n  max_columns: 10\ntypes:\n  heavy:\n    big: integer\n",
    phases: [{ puts: [plain("raw/heavy.ndjson", lines)] }],
    notLoaded: { "raw/heavy.ndjson": [3] },
  };
}

function wide(): Scene {
  const keys = (prefix: string, count: number, value: (n: number) => string): string =>
    times(count, (n) => `"${prefix}${n}":${value(n)}`).join(",");
  const inner = (n: number): string => `{${keys(`${"long_".repeat(8)}name_${n}_`, 240, (m) => String(m))}}`;
  // A line may have 4,000,000 bytes.
  const lines = times(5, (line) => `{"event":"wide","all":{${keys(`group_${line}_`, 80, inner)}}}`);
  const config = "tables:\n  max_columns: 10\n";
  return { name: "wide", config, phases: [{ puts: [plain("raw/wide.ndjson", lines)] }] };
}

/** Over 8 MiB when compressed. */
function pieces(): Scene {
  const random = new Prng(4);
  const lines = times(190, (n) => `{"event":"piece","n":${n},"noise":"${noise(random, 64_000)}"}`);
  return { name: "pieces", config: "", phases: [{ puts: [plain("raw/pieces.ndjson", lines)] }] };
}

function shared(): Scene {
  const types = ["order", "Order", "stock", "refund", "visit"];
  const lines = (count: number, from: number): string[] =>
    times(count, (n) => `{"event":"${types[n % types.length]}","n":${n + from},"text":"ä ${n}"}`);
  const bad = [...lines(11, 0), "no JSON at all", ...lines(4, 50)];
  return {
    name: "shared",
    config: "",
    phases: [
      {
        puts: [
          { key: "raw/first.ndjson.gz", lines: bad, body: gzipSync(bytes(bad)) },
          plain("raw/second.ndjson", lines(7, 100)),
          plain("raw/third.ndjson", lines(10, 200)),
        ],
      },
      { puts: [plain("raw/third.ndjson", lines(3, 300))], again: ["raw/second.ndjson"] },
    ],
    notLoaded: { "raw/first.ndjson.gz": [12] },
  };
}

function brief(): Scene {
  const both = [...times(3, order), "no JSON at all", ...times(2, (n) => `{"event":"stock","n":${n}}`)];
  return {
    name: "brief",
    config: OWN_PARTS,
    phases: [{ puts: [plain("raw/a.ndjson", both), plain("raw/b.ndjson", times(4, order))] }],
    notLoaded: { "raw/a.ndjson": [4] },
  };
}

/** Text that does not compress below three quarters. */
function noise(random: Prng, length: number): string {
  const words = new Uint32Array(Math.ceil((length * 3) / 16));
  for (let at = 0; at < words.length; at++) words[at] = random.uint32();
  return Buffer.from(words.buffer).toString("base64").slice(0, length);
}

const MAKERS: Readonly<Record<SceneName, () => Scene>> = {
  mixed,
  returning,
  refused,
  wide,
  pieces,
  shared,
  brief,
};
const made = new Map<SceneName, Scene>();

/** Always the same bytes. */
export function sceneOf(name: SceneName): Scene {
  const scene = made.get(name) ?? MAKERS[name]();
  made.set(name, scene);
  return scene;
}
