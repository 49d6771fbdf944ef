// Data that Redshift refuses: told with file, line, column and reason, and with the source's own line number.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { compressPart, loadUnit, newColumn, partLine, testSource } from "../../contract/warehouse-parts.ts";
import { openLoadBench, type LoadBench } from "./load-helpers.ts";

describe("a load that Redshift refuses", function () {
  this.timeout(30_000);
  let context: LoadBench;

  before(async () => {
    context = await openLoadBench();
    await context.bench.createTable("orders", [
      newColumn("n", "integer", "n"),
      newColumn("s", "string(4)", "s"),
    ]);
  });
  after(() => context[Symbol.asyncDispose]());

  const refusedBy = async (
    source: ReturnType<typeof testSource>,
    lines: readonly string[],
    mode: "direct" | "staged",
  ) => {
    const part = await context.bench.rawPart(compressPart(lines), lines.length);
    const result = await context.bench.load("orders", [loadUnit(source, "orders", [part])], mode);
    assert.equal(result.kind, "refused", JSON.stringify(result));
    return { part, refused: result.kind === "refused" ? result : undefined };
  };

  for (const [document, column, reason] of [
    ['{"n":1.5}', "n", /digit/i],
    ['{"s":"fünf"}', "s", /length/i],
  ] as const) {
    it(`says where COPY stopped: ${document}`, async () => {
      const source = testSource(`/logs/${column}.json`);
      const lines = [11, 12, 13].map((line) =>
        partLine(source.id, line, "orders", line === 12 ? document : '{"n":1}'),
      );

      const { part, refused } = await refusedBy(source, lines, "direct");

      assert.match(refused!.reason, reason);
      assert.ok(refused!.reason.includes(`${part.key} line 2, column ${column}`), refused!.reason);
      assert.deepEqual([refused!.table, refused!.lines], ["orders", [{ sourceId: source.id, line: 12 }]]);
      assert.deepEqual(await context.warehouse.read.loads([source.id]), []);
    });
  }

  it("names a bad line far inside a part, also where the store has words of its own for a failed write", async () => {
    const { store } = context.redshift;
    const put = store.put.bind(store);
    store.put = (ref, body, options) =>
      put(ref, body, options).catch((cause: unknown) => {
        throw new RouterError("OBJECT_STORE_FAILED", "the object could not be written", {
          retryable: true,
          cause,
        });
      });
    const source = testSource("/logs/far.json");
    // More than one piece of checked lines stands before it.
    const lines = Array.from({ length: 4000 }, (_, at) =>
      partLine(source.id, at + 1, "orders", `{"x":"${randomBytes(60).toString("hex")}"}`),
    );
    lines[3999] = `{"_lr_source":"${source.id}","_lr_line":4000,"_lr_event_type":"orders","n":`;

    const { refused } = await refusedBy(source, lines, "staged");

    assert.match(refused!.reason, /no JSON/);
    assert.deepEqual(refused!.lines, [{ sourceId: source.id, line: 4000 }]);
  });

  it("accepts in a probe what is left without the line", async () => {
    const source = testSource("/logs/probe.json");
    const lines = [
      partLine(source.id, 1, "orders", '{"n":1}'),
      `{"_lr_source":"${source.id}","_lr_line":2,"_lr_event_type":"orders",`,
    ];
    const part = await context.bench.rawPart(compressPart(lines), 2);
    const unit = loadUnit(source, "orders", [part]);
    const probe = async (rejectedLines: readonly number[]) =>
      context.warehouse.probe!(await context.job({ orders: [{ ...unit, rejectedLines }] }, "staged"));

    const refused = await probe([]);

    assert.deepEqual(refused.kind === "refused" && refused.lines, [{ sourceId: source.id, line: 2 }]);
    assert.deepEqual(await probe([2]), { kind: "accepted" });
  });
});
