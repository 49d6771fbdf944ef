import assert from "node:assert/strict";
import { threadId } from "node:worker_threads";
import {
  createScanPool,
  type ScanPool,
  type ScanSession,
} from "../../../../services/splitter/threads/scan-pool.ts";
import { startThreadEarly } from "../../../../services/splitter/threads/early-thread.ts";
import type { SourceScan } from "../../../../services/splitter/threads/source-scanner.ts";
import { UNCOUNTED, type Block } from "../../../../services/splitter/frame/framed.ts";
import { WORTH_A_THREAD_BYTES } from "../../../../services/splitter/threads/worth-a-thread.ts";
import { sourceSettings } from "../../../../shared/config/source-settings.ts";
import { configOf } from "../split-helpers.ts";

const config = configOf();
const SCAN: SourceScan = { sourceId: "s", settings: sourceSettings(config, "/a.log"), config };

describe("createScanPool", () => {
  /** The part lines of two blocks, and whether this thread scanned them. */
  async function scanned(session: ScanSession): Promise<{ lines: string; isHere: boolean }> {
    const texts = ['{"event_type":"a","x":1}\n', '{"event_type":"a","x":2}\n'];
    const results = await Promise.all(
      texts.map((text, index) =>
        session.scan({
          kind: "block",
          bytes: new Uint8Array(Buffer.from(text)),
          spans: undefined,
          firstLine: index + 1,
          lines: 1,
          offset: index * text.length,
        }),
      ),
    );
    session.close();
    const lines = results.map(({ segments }) =>
      Buffer.from(segments.bytes).subarray(0, segments.spans[1]).toString(),
    );
    // A numbering begins with the number of the thread that made it.
    return {
      lines: lines.join(""),
      isHere: results.every(({ segments }) => segments.numbering.startsWith(`${threadId}:`)),
    };
  }

  const isScannedHere = async (pool: ScanPool, storedBytes: number): Promise<boolean> =>
    (await scanned(await pool.open(SCAN, storedBytes))).isHere;

  it("scans here until there is enough for a thread, from then on in threads", async () => {
    await using pool = createScanPool(3);

    assert.equal(await isScannedHere(pool, WORTH_A_THREAD_BYTES - 1), true);
    assert.equal(await isScannedHere(pool, 1), true);
    assert.equal(await isScannedHere(pool, 1), false);
    assert.equal(await isScannedHere(pool, 1), false);
  });

  it("gives the same lines wherever they are scanned", async () => {
    await using pool = createScanPool(2);
    const here = await scanned(await pool.open(SCAN, 1));
    const there = await scanned(await pool.open(SCAN, WORTH_A_THREAD_BYTES));

    assert.deepEqual([here.isHere, there.isHere], [true, false]);
    assert.equal(here.lines, there.lines);
    assert.match(here.lines, /^\{"_lr_source":"s","_lr_line":1,.*\n\{"_lr_source":"s","_lr_line":2,.*\n$/);
  });

  it("starts threads for a large source that is expected, not for a small one", async () => {
    await using pool = createScanPool(2);

    pool.expect(WORTH_A_THREAD_BYTES);
    assert.equal(await isScannedHere(pool, 1), true);
    pool.expect(WORTH_A_THREAD_BYTES + 1);
    assert.equal(await isScannedHere(pool, 1), false);
  });

  it("uses a thread that is there already, however little there is", async () => {
    startThreadEarly();
    await using pool = createScanPool(2);

    assert.equal(await isScannedHere(pool, 1), false);
  });

  it("scans all here with one thread", async () => {
    await using pool = createScanPool(1);

    pool.expect(WORTH_A_THREAD_BYTES + 1);
    assert.equal(await isScannedHere(pool, WORTH_A_THREAD_BYTES + 1), true);
  });

  it("wants fewer blocks of a source ahead, the more sources are in work", async () => {
    await using pool = createScanPool(2);
    const sessions: ScanSession[] = [];
    const ahead: number[] = [];
    for (let i = 0; i < 4; i++) {
      sessions.push(await pool.open(SCAN, WORTH_A_THREAD_BYTES + 1));
      ahead.push(sessions[0]!.ahead);
    }

    assert.deepEqual(ahead, [2, 1, 0, 0]);
    // An attempt closes its session when it has the shapes, and again at its end.
    const [first, ...others] = sessions;
    for (const session of [...others, ...others]) session.close();
    assert.equal(first!.ahead, 2);
    first!.close();
  });

  it("lets a thread go on with what it has learnt, and with none of the lines before", async () => {
    await using pool = createScanPool(2);
    const rounds: unknown[] = [];
    for (const sourceId of ["a", "b", "c"]) {
      const session = await pool.open({ ...SCAN, sourceId }, WORTH_A_THREAD_BYTES + 1);
      const { segments, ...counts } = await session.scan({
        kind: "block",
        bytes: new Uint8Array(Buffer.from(`{"event_type":"t","${sourceId}":1}\n{"event_type":"u"}\nno\n`)),
        spans: undefined,
        firstLine: UNCOUNTED,
        lines: 0,
        offset: 0,
      });
      const texts = [...(await session.shapeTexts(["t", "u"]))].map(([, text]) =>
        text.replace(`"${sourceId}"`, '"x"'),
      );
      const lines = Buffer.from(segments.bytes).subarray(0, segments.spans.at(-1)).toString();
      rounds.push([
        lines.replaceAll(`"${sourceId}"`, '"x"'),
        segments.newNames,
        counts.rows,
        counts.quarantined.count,
        texts,
      ]);
      session.recycle(segments.bytes.buffer);
      session.close();
    }

    assert.deepEqual(rounds[1], rounds[0]);
    assert.deepEqual(rounds[2], rounds[0]);
  });

  for (const threads of [1, 2]) {
    it(`gives a scanner to no other source while a block of an attempt that was given up is on its way to it, with ${threads}`, async () => {
      await using pool = createScanPool(threads);
      const blockOf = (text: string): Block => ({
        kind: "block",
        bytes: new Uint8Array(Buffer.from(text)),
        spans: undefined,
        firstLine: UNCOUNTED,
        lines: 1,
        offset: 0,
      });
      const first = await pool.open(SCAN, 1);
      await first.scan(blockOf('{"event_type":"a","first":1}\n'));
      const pending = first.scan(blockOf('{"event_type":"a","first":2}\n'));
      const rejected = assert.rejects(pending, { code: "ABORTED" });
      first.close();
      const next = await pool.open({ ...SCAN, sourceId: "next" }, 1);

      const { segments } = await next.scan(blockOf('{"event_type":"a","next":1}\n'));

      await rejected;
      const line = Buffer.from(segments.bytes).subarray(0, segments.spans[1]).toString();
      assert.match(line, /^\{"_lr_source":"next","_lr_line":1,/);
      const shape: unknown = JSON.parse((await next.shapeTexts(["a"])).get("a")!);
      assert.partialDeepStrictEqual(shape, { object: 1, keys: { next: { integer: { count: 1 } } } });
      assert.doesNotMatch(JSON.stringify(shape), /first/);
      next.close();
    });
  }

  it("leaves the scanner of a text source that was given up in the middle of a block to no other source", async () => {
    await using pool = createScanPool(1);
    const textConfig = configOf({
      sources: [{ match: "*.log", format: "text", pattern: "word" }],
      patterns: { word: "^(?<word>\\w+)$" },
    });
    const scan = { sourceId: "1", settings: sourceSettings(textConfig, "/a.log"), config: textConfig };
    const blockOf = (text: string): Block => ({
      kind: "block",
      bytes: new Uint8Array(Buffer.from(text)),
      spans: undefined,
      firstLine: 1,
      lines: 1,
      offset: 0,
    });
    const first = await pool.openSmall(scan);
    const rejected = assert.rejects(first.scan(blockOf("one\n")), /closed/);
    first.close();
    const next = await pool.openSmall({ ...scan, sourceId: "2" });

    await next.scan(blockOf("two\n"));

    await rejected;
    const [text = ""] = (await next.shapeTexts(["word"])).values();
    assert.match(text, /"object":1,/);
    next.close();
  });
});
