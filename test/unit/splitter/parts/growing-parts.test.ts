import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { GrowingPart } from "../../../../services/splitter/parts/growing-parts.ts";
import { MemoryObjectStore } from "../../../../shared/adapters/memory/memory-object-store.ts";
import type { GrowingObject } from "../../../../shared/ports/object-store.ts";
import { split, splitStored, type SplitOptions } from "../split-helpers.ts";

const numRuns = Number(process.env["FC_RUNS"] ?? 12);

/** A line with `pad` characters that hardly compress. */
const event = (type: string, n: number, pad: number): string => {
  const text = createHash("shake256", { outputLength: pad }).update(`${type}${n}`).digest("base64");
  return `{"event":"${type}","n":${n},"s":"${text.slice(0, pad)}"}\n`;
};

/** Frames of 16 KiB, and parts of a few of them. */
const smallFrames = (more: Record<string, unknown> = {}): SplitOptions => ({
  config: { splitter: { own_part_bytes: 20_000, memory_bytes: 65_536, part_bytes: 60_000, ...more } },
});

const largeType = (lines: number): string =>
  Array.from({ length: lines }, (_, n) => event("large", n, 2000 + ((n * 7919) % 999))).join("");

describe("parts that grow in the store", () => {
  it("have the same lines in the same order as those that are kept on scratch disk", async () => {
    const lines = fc.array(fc.tuple(fc.constantFrom("a", "b", "rare"), fc.integer({ min: 0, max: 3000 })), {
      minLength: 50,
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(lines, fc.boolean(), async (all, hasThread) => {
        const source = all.map(([type, pad], n) => event(type, n, pad)).join("");
        const options = smallFrames({ threads: hasThread ? 2 : 1 });

        const kept = await split(source, options);
        const grown = await split(source, { ...options, grows: true });

        assert.deepEqual(grown.types, kept.types);
        const named = grown.receipt.parts.map(({ key }) => key);
        assert.deepEqual(
          grown.store.keys("routed").filter((key) => key.startsWith("parts/")),
          named.toSorted(),
        );
        for (const { key, bytes } of grown.receipt.parts) {
          assert.equal((await grown.store.getBytes({ bucket: "routed", key })).length, bytes);
        }
      }),
      { numRuns },
    );
  });

  it("are closed at their size, and begin anew", async () => {
    const { receipt, store } = await split(largeType(4000), { ...smallFrames(), grows: true });

    assert.ok(receipt.parts.length > 3, `${receipt.parts.length} parts`);
    assert.equal(store.keys("routed").filter((key) => key.startsWith("parts/")).length, receipt.parts.length);
    const lines = receipt.parts.reduce((sum, { types }) => sum + types[0]!.lines, 0);
    assert.equal(lines, 4000);
  });

  it("are also those that many event types share, with the lines of each", async () => {
    const lines = Array.from({ length: 4000 }, (_, n) => event(`type ${(n * 7919) % 120}`, n, 300));
    const options = smallFrames({ memory_bytes: 262_144, own_part_bytes: 200_000 });
    const store = new CountingStore();
    await store.put({ bucket: "local", key: "/logs/a.log" }, Buffer.from(lines.join("")));

    const grown = await splitStored(store, "/logs/a.log", options);

    const kept = await split(lines.join(""), options);
    assert.deepEqual(grown.types, kept.types);
    assert.equal(grown.types.size, 120);
    assert.deepEqual([store.begun > 1, grown.receipt.parts[0]!.types.length > 1], [true, true]);
  });

  it("are not begun for small event types, however many share a part, nor for parts of a single frame", async () => {
    const source = largeType(100);
    const begun = async (text: string, options: SplitOptions): Promise<number> => {
      const store = new CountingStore();
      await store.put({ bucket: "local", key: "/a" }, Buffer.from(text));
      await splitStored(store, "/a", options);
      return store.begun;
    };

    assert.equal((await begun(source, smallFrames())) > 0, true);
    assert.equal(await begun(source, {}), 0);
    assert.equal(await begun(event("a", 1, 10) + event("b", 1, 10), smallFrames()), 0);
    assert.equal(await begun(source, smallFrames({ frames: "single" })), 0);
  });

  it("are given up with the attempt when one cannot be written", async () => {
    const source = largeType(4000);
    for (const failing of ["append", "finish", "begin"] as const) {
      const store = new CountingStore(failing);
      await store.put({ bucket: "local", key: "/a" }, Buffer.from(source));

      await assert.rejects(splitStored(store, "/a", smallFrames()), /the disk is full/);

      assert.deepEqual([store.open, store.keys("routed")], [0, []], failing);
    }
  });
});

describe("GrowingPart", () => {
  const tally = { lines: 1, rawBytes: 10, marks: undefined };
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  function recording(): { object: GrowingObject; written: string[] } {
    const written: string[] = [];
    const object: GrowingObject = {
      append: async (chunk) => void written.push(Buffer.from(chunk).toString()),
      finish: async () => ({ created: true, etag: "", bytes: written.join("").length }),
      async [Symbol.asyncDispose]() {},
    };
    return { object, written };
  }

  it("keeps the order of the calls, whichever frame is compressed first", async () => {
    const { object, written } = recording();
    const part = new GrowingPart(0, "parts/a", Promise.resolve(object));
    const slow = Promise.withResolvers<void>();

    const first = part.add(tally, async (use) => slow.promise.then(() => use(bytes("first "))));
    const second = part.add(tally, (use) => use(bytes("second")));
    await new Promise(setImmediate);
    assert.deepEqual(written, []);
    slow.resolve();
    await Promise.all([first, second]);

    assert.deepEqual(written, ["first ", "second"]);
    assert.deepEqual([await part.finish(), part.bytes, part.lines], [12, 12, 2]);
  });

  it("writes nothing behind a frame that failed, and never becomes an object", async () => {
    const { object, written } = recording();
    const part = new GrowingPart(0, "parts/a", Promise.resolve(object));

    const first = part.add(tally, async () => {
      throw new Error("no memory");
    });
    const second = part.add(tally, (use) => use(bytes("second")));

    await assert.rejects(first, /no memory/);
    await assert.rejects(second, /no memory/);
    await assert.rejects(part.finish(), /no memory/);
    assert.deepEqual(written, []);
  });
});

/** Counts what grows; with `failing`, the second call of that kind fails. */
class CountingStore extends MemoryObjectStore {
  begun = 0;
  open = 0;
  readonly #failing: string | undefined;
  readonly #calls = new Map<string, number>();

  constructor(failing?: "append" | "finish" | "begin") {
    super({ grows: true });
    this.#failing = failing;
  }

  override readonly batch = () => {
    const put = this.put.bind(this);
    const begin = async (ref: { bucket: string; key: string }): Promise<GrowingObject> => {
      this.begun++;
      this.#count("begin");
      this.open++;
      let isOpen = true;
      const end = (): void => {
        if (isOpen) this.open--;
        isOpen = false;
      };
      const chunks: Uint8Array[] = [];
      return {
        append: async (chunk) => {
          this.#count("append");
          chunks.push(chunk.slice());
        },
        finish: async () => {
          this.#count("finish");
          end();
          // What fails later leaves this one, which no receipt names.
          return this.#failing === undefined
            ? put(ref, Buffer.concat(chunks))
            : { created: true, etag: "", bytes: Buffer.concat(chunks).length };
        },
        async [Symbol.asyncDispose]() {
          end();
        },
      };
    };
    return { put, begin, flush: async () => undefined, async [Symbol.asyncDispose]() {} };
  };

  #count(call: string): void {
    const calls = (this.#calls.get(call) ?? 0) + 1;
    this.#calls.set(call, calls);
    if (call === this.#failing && calls === 2) throw new Error("the disk is full");
  }
}
