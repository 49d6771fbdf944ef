import assert from "node:assert/strict";
import { startThreadEarly, takeThread } from "../../../../services/splitter/threads/early-thread.ts";
import { createScanPool } from "../../../../services/splitter/threads/scan-pool.ts";
import type { SourceScan } from "../../../../services/splitter/threads/source-scanner.ts";
import { sourceSettings } from "../../../../shared/config/source-settings.ts";
import { configOf } from "../split-helpers.ts";

const config = configOf();
const SCAN: SourceScan = { sourceId: "s", settings: sourceSettings(config, "/a.log"), config };

describe("early thread", () => {
  it("is taken once", async () => {
    const early = startThreadEarly();
    assert.equal(startThreadEarly(), early);

    const [first, second] = [takeThread(), takeThread()];

    assert.equal(first, early);
    assert.notEqual(second, early);
    assert.equal(early.isDead, false);
    await Promise.all([first.stop(), second.stop()]);
  });

  it("scans for the first pool, whose lines and shapes know nothing of what warmed it up", async () => {
    startThreadEarly();
    await using pool = createScanPool(2);
    const session = await pool.open(SCAN, 25);
    const bytes = new Uint8Array(Buffer.from('{"event_type":"a","x":1}\n'));

    const result = await session.scan({
      kind: "block",
      bytes,
      spans: undefined,
      firstLine: 1,
      lines: 1,
      offset: 0,
    });
    const shapes: string[] = [];
    await session.shapes(undefined, (some) => shapes.push(...some.keys()));

    assert.equal(
      Buffer.from(result.segments.bytes).subarray(0, result.segments.spans[1]).toString(),
      '{"_lr_source":"s","_lr_line":1,"_lr_event_type":"a","event_type":"a","x":1}\n',
    );
    assert.deepEqual(result.segments.newNames, ["a"]);
    assert.deepEqual(shapes, ["a"]);
  });

  it("is stopped by a pool that has no use for it", async () => {
    const early = startThreadEarly();

    await createScanPool(1)[Symbol.asyncDispose]();

    assert.equal(early.isDead, true);
    const next = takeThread();
    assert.notEqual(next, early);
    await next.stop();
  });
});
