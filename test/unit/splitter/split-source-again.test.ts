import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { createEngine } from "../../../services/splitter/engine.ts";
import { event, lines, configOf, lineNumbers, readBack, split, splitStored } from "./split-helpers.ts";
import { MemoryObjectStore } from "../../../shared/adapters/memory/memory-object-store.ts";
import type { ObjectRef, PutOptions } from "../../../shared/ports/object-store.ts";

describe("splitSource", () => {
  describe("of a source that breaks off", () => {
    const text = lines(20_000, 3);
    const cut = gzipSync(text).subarray(0, 40_000);

    it("writes a receipt in state failed that says where, and no parts", async () => {
      const { receipt } = await split(cut);

      assert.equal(receipt.state, "failed");
      assert.deepEqual(receipt.parts, []);
      assert.equal(receipt.lines.total, 0);
      const { code, after_line, after_byte } = receipt.failure!;
      assert.equal(code, "SOURCE_CORRUPT");
      assert.ok(after_byte > 0);
      assert.equal(after_line, text.slice(0, after_byte).split("\n").length - 1);
    });

    for (const how of ["configuration", "verb"]) {
      it(`loads the whole lines before the break when the ${how} says salvage`, async () => {
        const { receipt, types } = await split(
          cut,
          how === "verb" ? { salvage: true } : { config: { on_corrupt: "salvage" } },
        );

        assert.equal(receipt.state, "split");
        assert.equal(receipt.salvaged, true);
        assert.equal(receipt.lines.rows, receipt.failure!.after_line);
        assert.equal([...types.values()].flatMap(lineNumbers).length, receipt.failure!.after_line);
      });
    }
  });

  describe("run again", () => {
    it("finds the receipt and writes nothing", async () => {
      const first = await split(event("a", 1));
      const keys = first.store.keys("routed");

      const second = await splitStored(first.store, "/logs/a.log");

      assert.equal(second.outcome.kind, "existing");
      assert.deepEqual(second.receipt, first.receipt);
      assert.deepEqual(first.store.keys("routed"), keys);
    });

    it("takes new content under the key for a new source, and old content that comes back for a new generation", async () => {
      const first = await split(event("a", 1));
      const { store } = first;
      const put = async (text: string): Promise<void> => {
        const before = (await store.head({ bucket: "local", key: "/logs/a.log" }))!.lastModified.getTime();
        while (Date.now() <= before) await new Promise((resolve) => setImmediate(resolve));
        await store.put({ bucket: "local", key: "/logs/a.log" }, Buffer.from(text));
      };

      await put(event("b", 2));
      const second = await splitStored(store, "/logs/a.log");
      await put(event("a", 1));
      const third = await splitStored(store, "/logs/a.log");
      const fourth = await splitStored(store, "/logs/a.log");

      assert.notEqual(second.receipt.source.id, first.receipt.source.id);
      assert.equal(second.receipt.generation, 0);
      assert.equal(third.receipt.source.id, first.receipt.source.id);
      assert.equal(third.receipt.generation, 1);
      assert.equal(third.receipt.returned, true);
      assert.equal(second.receipt.returned, undefined);
      assert.equal(third.outcome.kind, "written");
      assert.equal(fourth.outcome.kind, "existing");
      assert.deepEqual(fourth.receipt, third.receipt);
    });

    it("lets one of several racing attempts win; the others report the winner's receipt", async () => {
      const store = new MemoryObjectStore();
      await store.put({ bucket: "local", key: "/a" }, Buffer.from(lines(500, 5)));

      const outcomes = await Promise.all([1, 2, 3].map(() => splitStored(store, "/a")));

      const winners = outcomes.filter(({ outcome }) => outcome.kind === "written");
      assert.equal(winners.length, 1);
      for (const { receipt } of outcomes) assert.deepEqual(receipt, winners[0]!.receipt);
      assert.equal(store.keys("routed").filter((key) => key.startsWith("receipts/")).length, 1);
      const { types } = await readBack(store, winners[0]!.receipt);
      assert.equal([...types.values()].flatMap(lineNumbers).length, 500);
    });
  });

  it("writes the receipt after everything it names", async () => {
    const order: string[] = [];
    class Recording extends MemoryObjectStore {
      override async put(ref: ObjectRef, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions) {
        const result = await super.put(ref, body, options);
        order.push(ref.key.split("/")[0]!);
        return result;
      }
    }
    const store = new Recording();
    await store.put({ bucket: "local", key: "x" }, Buffer.from(`${lines(50, 5)}{bad\n`));

    await splitStored(store, "x", { config: { splitter: { own_part_bytes: 0 } } });

    assert.deepEqual(order.slice(1).sort(), [...Array<string>(5).fill("parts"), "quarantine", "receipts"]);
    assert.equal(order.at(-1), "receipts");
  });

  it("writes no receipt when a part cannot be written, and leaves nothing running", async () => {
    class Failing extends MemoryObjectStore {
      override put(ref: ObjectRef, body: Uint8Array | AsyncIterable<Uint8Array>, options?: PutOptions) {
        if (ref.key.endsWith("000003.ndjson.zst")) return Promise.reject(new Error("no space"));
        return super.put(ref, body, options);
      }
    }
    const store = new Failing();
    await store.put({ bucket: "local", key: "x" }, Buffer.from(lines(50, 5)));

    const config = { splitter: { own_part_bytes: 0 } };
    await assert.rejects(splitStored(store, "x", { config }), /no space/);

    assert.equal(
      store.keys("routed").some((key) => key.startsWith("receipts/")),
      false,
    );
  });

  it("stops when told to, without a receipt", async () => {
    const store = new MemoryObjectStore();
    await store.put({ bucket: "local", key: "x" }, Buffer.from(lines(50, 5)));
    const { splitSource } = await import("../../../services/splitter/split-source.ts");
    const config = configOf();
    await using engine = createEngine(config);
    const { systemClock } = await import("../../../shared/runtime/clock.ts");
    const { tmpdir } = await import("node:os");
    const context = {
      store,
      routedBucket: "routed",
      config,
      engine,
      clock: systemClock,
      lane: "live" as const,
      scratchFolder: tmpdir(),
    };

    await assert.rejects(
      splitSource(
        { ...context, onProgress: () => stop.abort(new Error("stop")) },
        { ref: { bucket: "local", key: "x" } },
        AbortSignal.any([stop.signal]),
      ),
      /stop/,
    );

    assert.deepEqual(
      store.keys("routed").filter((key) => key.startsWith("receipts/")),
      [],
    );
  });
  const stop = new AbortController();
});
