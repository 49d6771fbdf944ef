import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { Extents, type Extent } from "../../../../services/splitter/parts/extents.ts";
import { asBuffer } from "../../../../services/splitter/frame/copy-bytes.ts";
import { newBuffer } from "../../../../services/splitter/frame/framed.ts";
import { mergeByLine } from "../../../../services/splitter/parts/merge-by-line.ts";
import { PAGE_BYTES, PagePool, type PageHolder } from "../../../../services/splitter/parts/page-pool.ts";
import { RawFrame } from "../../../../services/splitter/parts/raw-frame.ts";
import { ScratchFile } from "../../../../services/splitter/parts/scratch-file.ts";
import { tempDir } from "../../../helpers/temp-dir.ts";

const numRuns = Number(process.env["FC_RUNS"] ?? 50);

/** The bytes somewhere in memory that threads share. */
function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
  view.set(bytes);
  return view;
}

describe("PagePool and RawFrame", () => {
  it("give back what was appended, and every page", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3 * PAGE_BYTES }), { maxLength: 6 }), (chunks) => {
        const pool = new PagePool(64 * PAGE_BYTES);
        const frame = new RawFrame(pool);
        for (const chunk of chunks) {
          assert.ok(pool.freePages >= frame.pagesFor(chunk.length));
          frame.append(asBuffer(chunk));
        }

        const whole = frame.takeWith(Buffer.from("more"), newBuffer);

        assert.equal(Buffer.concat([...chunks, Buffer.from("more")]).equals(whole), true);
        assert.equal(pool.freePages, 64);
        assert.equal(frame.bytes, 0);
      }),
      { numRuns },
    );
  });

  it("grow in one buffer as long as that leaves pages to others, and give back the same", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 4 }), (chunks) => {
        const pool = new PagePool(64 * PAGE_BYTES);
        const frames = Array.from({ length: 4 }, () => new RawFrame(pool));
        for (const frame of frames) {
          frame.openWhole(20 * PAGE_BYTES, newBuffer);
          for (const chunk of chunks)
            if (pool.freePages >= frame.pagesFor(chunk.length)) frame.append(asBuffer(shared(chunk)));
        }
        assert.equal(frames[0]!.pagesFor(PAGE_BYTES), 0);
        assert.equal(frames[2]!.pagesFor(PAGE_BYTES) > 0, true);
        const more = Buffer.alloc(15_000, 7);

        const [whole] = frames.map((frame) => frame.takeWith(more, newBuffer));

        assert.equal(Buffer.concat([...chunks, more]).equals(whole!), true);
        assert.equal(pool.freePages, 64);
      }),
      { numRuns },
    );
  });

  it("takes pages from the largest holders when they run out, and no more than needed", () => {
    const pool = new PagePool(16 * PAGE_BYTES);
    const given: string[] = [];
    const hold = (name: string, pages: number): void => {
      let taken = Array.from({ length: pages }, () => pool.take());
      const holder: PageHolder = {
        get bytes() {
          return taken.length * PAGE_BYTES;
        },
        giveBack() {
          given.push(name);
          pool.give(taken);
          taken = [];
          pool.leave(holder);
        },
      };
      pool.join(holder);
    };
    hold("small", 2);
    hold("large", 9);
    hold("medium", 5);

    pool.ensure(3);
    assert.deepEqual(given, ["large"]);
    pool.ensure(10);
    assert.deepEqual(given, ["large", "medium"]);
  });
});

describe("Extents", () => {
  it("never hands out a byte twice, never beyond the limit, and is whole again when all came back", () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: -50, max: -1 })), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(steps, (all) => {
        const extents = new Extents(100);
        const held: Extent[] = [];
        for (const step of all) {
          if (step < 0) {
            const [released] = held.splice(-step % Math.max(1, held.length), 1);
            if (released) extents.release(released);
            continue;
          }
          const got = extents.allocate(step);
          if (!got) continue;
          assert.ok(got.offset >= 0 && got.offset + got.length <= 100);
          for (const other of held) {
            assert.ok(got.offset + got.length <= other.offset || other.offset + other.length <= got.offset);
          }
          held.push(got);
        }
        for (const extent of held) extents.release(extent);
        assert.deepEqual(extents.allocate(100), { offset: 0, length: 100 });
      }),
      { numRuns },
    );
  });
});

describe("ScratchFile", () => {
  it("gives every byte back, however stored, read and released, and leaves no file behind", async () => {
    using dir = tempDir();
    const action = fc.oneof(
      fc.record({ store: fc.integer({ min: 1, max: 60_000 }) }),
      fc.record({ store: fc.integer({ min: 500_000, max: 900_000 }) }),
      fc.record({ release: fc.nat(100) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        await using scratch = new ScratchFile(dir.path, 3_000_000);
        const held: { extent: Extent; bytes: Buffer }[] = [];
        let fill = 0;
        const storing: Promise<void>[] = [];
        for (const step of actions) {
          if ("store" in step) {
            const bytes = Buffer.alloc(step.store, ++fill);
            storing.push(
              scratch.store(bytes).then((extent) => {
                if (extent) held.push({ extent, bytes });
              }),
            );
            if (fill % 3 === 0) await Promise.all(storing);
          } else if (held.length > 0) {
            const [released] = held.splice(step.release % held.length, 1);
            scratch.release(released!.extent);
          }
        }
        await Promise.all(storing);
        assert.deepEqual(readdirSync(dir.path), []);
        for (const { extent, bytes } of held) {
          const into = Buffer.alloc(bytes.length);
          await scratch.read(extent, into);
          assert.equal(into.equals(bytes), true);
        }
      }),
      { numRuns: Math.ceil(numRuns / 2) },
    );
  });

  it("says so when it is full, and has room again after a release", async () => {
    using dir = tempDir();
    await using scratch = new ScratchFile(dir.path, 1_000_000);
    const first = await scratch.store(Buffer.alloc(800_000, 1));

    assert.equal(await scratch.store(Buffer.alloc(800_000, 2)), undefined);
    assert.ok(await scratch.store(Buffer.alloc(100, 3)));
    scratch.release(first!);
    assert.ok(await scratch.store(Buffer.alloc(700_000, 4)));
  });

  it("names the folder when the disk refuses", async () => {
    await using scratch = new ScratchFile("/dev/null/nowhere", 1_000_000);

    await assert.rejects(scratch.store(Buffer.alloc(800_000)), /\/dev\/null\/nowhere/);
  });
});

const line = (n: number): string =>
  `{"_lr_source":"${"a".repeat(32)}","_lr_line":${n},"_lr_event_type":"x"}\n`;

describe("mergeByLine", () => {
  it("puts lines of several segments in the order of their numbers", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 50 }), (owners) => {
        const segments = [0, 1, 2, 3].map((owner) =>
          Buffer.from(owners.map((of, i) => (of === owner ? line(i * 7 + 1) : "")).join("")),
        );

        const merged = Buffer.from(mergeByLine(segments.filter((segment) => segment.length > 0))).toString();

        assert.equal(merged, owners.map((_, i) => line(i * 7 + 1)).join(""));
      }),
      { numRuns },
    );
  });
});
