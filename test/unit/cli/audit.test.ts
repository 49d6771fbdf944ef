import assert from "node:assert/strict";
import fc from "fast-check";
import { auditReport, auditSchema } from "../../../cli/reports/audit.ts";
import { auditTables } from "../../../cli/reports/audit-tables.ts";
import type { LedgerRow, SourceRow } from "../../../shared/ports/warehouse.ts";
import { receiptKey } from "../../../shared/contracts/keys.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { fakeDeps, idOf, loadedRows, receiptOf } from "./fake-deps.ts";

const receipt = receiptOf("/a", { click: 3, view: 2 }, { lines: { quarantined: 1, dropped: 4, blank: 5 } });
const { source, loads } = loadedRows(receipt);

function changed(change: Partial<LedgerRow>): LedgerRow[] {
  return [{ ...loads[0]!, ...change }, loads[1]!];
}

describe("auditReport", () => {
  it("balances what was loaded whole", async () => {
    const report = await auditReport(await fakeDeps([receipt], { sources: [source], loads }));

    assert.deepEqual(auditSchema.parse(report), report);
    assert.equal(report.balanced, true);
    assert.deepEqual(report.totals, {
      lines: 15,
      rows: 5,
      rejected: 0,
      quarantined: 1,
      dropped: 4,
      blank: 5,
    });
  });

  it("tells of a source whose load was given up, with its lines and the reason, until it is redriven", async () => {
    const other = receiptOf("/b", { click: 1 });
    const deps = await fakeDeps([receipt, other]);
    const dead = receiptKey(receipt.source.id, 0);
    await deps.loadQueue.send([s3Notification("routed", dead, 10, "etag"), "no notification"]);
    const consumer = deps.loadQueue.consume(async () => ({ kind: "dead", reason: "the part is not there" }), {
      concurrency: 1,
      visibilitySeconds: 60,
    });
    await waitFor("the dead letters", async () => (await deps.loadQueue.depth()).dead === 2);
    await consumer.abort();

    const report = await auditReport(deps);

    assert.equal(report.balanced, false);
    assert.deepEqual(
      report.imbalances.map(({ key, state, lines }) => `${key} ${state} ${lines}`).toSorted(),
      ["/a dead 15", "/b unloaded 1"],
    );
    const reason = report.imbalances.find(({ key }) => key === "/a")!.reason;
    assert.match(
      reason,
      /the part is not there; once that is put right: log-router dead redrive --queue load/,
    );

    // Loaded after all, by another message: no letter makes it dead again.
    const loaded = await auditReport({
      ...deps,
      ...(await fakeDeps([receipt], { sources: [source], loads })),
      loadQueue: deps.loadQueue,
    });
    assert.deepEqual([loaded.balanced, loaded.dead_letters.load], [true, 2]);
  });

  it("counts refused lines as accounted for", async () => {
    const refused = changed({ rows: 2, rejected: 1 });

    assert.equal(
      (await auditReport(await fakeDeps([receipt], { sources: [source], loads: refused }))).balanced,
      true,
    );
  });

  it("tells of messages that were given up", async () => {
    const deps = await fakeDeps([receipt], { sources: [source], loads });
    await deps.splitQueue.send(["no notification"]);
    const consumer = deps.splitQueue.consume(async () => ({ kind: "dead", reason: "foreign" }), {
      concurrency: 1,
      visibilitySeconds: 30,
    });
    await waitFor("the dead letter", async () => (await deps.splitQueue.depth()).dead === 1);
    await consumer.drain();

    const { dead_letters: dead, balanced } = await auditReport(deps);

    assert.deepEqual([dead, balanced], [{ split: 1, backfill: 0, load: 0 }, true]);
  });

  it("does not mind an empty ledger without receipts", async () => {
    assert.equal((await auditReport(await fakeDeps([]))).balanced, true);
  });

  const broken: readonly [title: string, sources: SourceRow[], loads: LedgerRow[], reason: RegExp][] = [
    ["a receipt that was never loaded", [], [], /waits to be loaded/],
    [
      "a unit that is missing",
      [source],
      loads.slice(1),
      /of "click", 3 lines were promised and never loaded/,
    ],
    [
      "a unit with fewer rows",
      [source],
      changed({ rows: 2 }),
      /3 lines were promised, 2 rows and 0 rejected/,
    ],
    ["a unit with more rows", [source], changed({ rows: 4 }), /3 lines were promised, 4 rows/],
    [
      "a unit that nobody promised",
      [source],
      [...loads, { ...loads[0]!, eventType: "ghost" }],
      /of "ghost", 0 lines were promised/,
    ],
    [
      "a unit that was replaced by nobody's order",
      [source],
      changed({ replacedBy: "x/0" }),
      /"click", 3 lines were promised and never/,
    ],
    [
      "a unit of an older generation",
      [source],
      [...loads, { ...loads[0]!, generation: -1 }],
      /generation -1 .* was not replaced/,
    ],
    [
      "another number of lines in the ledger",
      [{ ...source, lines: 16 }],
      loads,
      /the receipt has 15 lines, the ledger 16/,
    ],
    [
      "another number of dropped lines",
      [{ ...source, dropped: 3 }],
      loads,
      /the receipt has 4 dropped, the ledger 3/,
    ],
    ["a source still being loaded", [{ ...source, state: "loading" }], loads, /it is being loaded/],
    ["a failed source with rows", [{ ...source, state: "failed" }], loads, /it is failed, but has 5 rows/],
  ];
  for (const [title, sources, units, reason] of broken) {
    it(`finds ${title}`, async () => {
      const report = await auditReport(await fakeDeps([receipt], { sources, loads: units }));

      assert.equal(report.balanced, false);
      assert.match(report.imbalances[0]!.reason, reason);
    });
  }

  it("finds a source without a receipt, and rows of sources that nobody knows", async () => {
    const lost = await auditReport(await fakeDeps([], { sources: [source], loads }));
    const unknown = await auditReport(await fakeDeps([], { loads }));

    assert.match(lost.imbalances[0]!.reason, /receipt of generation 0 is missing/);
    assert.match(unknown.imbalances[0]!.reason, /the ledger has 5 rows, of which 0/);
  });

  it("finds a receipt that cannot be read", async () => {
    const deps = await fakeDeps([], { sources: [source], loads });
    await deps.store.put({ bucket: "routed", key: `receipts/${source.sourceId}/0.json` }, Buffer.from("{}"));

    assert.equal((await auditReport(deps)).balanced, false);
  });

  it("accounts for failed, replaced and ignored sources without rows, with the reason", async () => {
    const failed = receiptOf(
      "/f",
      {},
      {
        state: "failed",
        failure: { code: "SOURCE_CORRUPT", message: "breaks off", after_line: 7, after_byte: 70 },
      },
    );
    const row: SourceRow = { ...loadedRows(failed).source, state: "failed", reason: "breaks off" };

    const report = await auditReport(await fakeDeps([failed], { sources: [row] }));

    assert.equal(report.balanced, true);
    assert.equal(report.without_rows[0]?.reason, "breaks off, after line 7, byte 70");
  });

  it("takes the generation that counts: a replacing one, and not one that came back while it was loaded", async () => {
    const again = { ...receipt, generation: 1 };
    const after = loadedRows(again);
    const replaced = loads.map((unit) => ({ ...unit, replacedBy: `${unit.sourceId}/1` }));
    const raised = await fakeDeps([receipt, again], {
      sources: [{ ...source, state: "replaced" }, after.source],
      loads: [...replaced, ...after.loads],
    });
    const returned = await fakeDeps([receipt, again], {
      sources: [source, { ...after.source, state: "ignored" }],
      loads,
    });
    const waiting = await fakeDeps([receipt, again], { sources: [source], loads });

    assert.equal((await auditReport(raised)).balanced, true);
    assert.equal((await auditReport(returned)).balanced, true);
    assert.match((await auditReport(waiting)).imbalances[0]!.reason, /generation 1 waits/);
  });

  it("balances any set of sources, and notices any one unit that is changed", async () => {
    const name = fc.string({ minLength: 1, maxLength: 8 });
    const types = fc.dictionary(name, fc.integer({ min: 1, max: 9 }), { minKeys: 1, maxKeys: 4 });

    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(name, types), { selector: ([key]) => key, minLength: 1, maxLength: 12 }),
        fc.nat(),
        fc.constantFrom(1, -1),
        async (files, pick, by) => {
          const receipts = files.map(([key, lines]) => receiptOf(`/${key}`, lines));
          const rows = receipts.map(loadedRows);
          const all = rows.flatMap((row) => row.loads);
          const sources = rows.map((row) => row.source);
          const at = pick % all.length;
          const wrong = all.map((unit, index) => (index === at ? { ...unit, rows: unit.rows + by } : unit));

          const good = await auditReport(await fakeDeps(receipts, { sources, loads: all }));
          const bad = await auditReport(await fakeDeps(receipts, { sources, loads: wrong }));

          assert.equal(good.balanced, true, JSON.stringify(good.imbalances));
          assert.equal(good.balanced_sources, files.length);
          assert.equal(bad.imbalance_count, 1);
          assert.equal(bad.imbalances[0]?.source_id, all[at]!.sourceId);
        },
      ),
      { numRuns: Number(process.env["FC_RUNS"] ?? 40) },
    );
  });

  it("walks many sources page by page", async () => {
    const receipts = Array.from({ length: 1203 }, (_, i) => receiptOf(`/many/${i}`, { t: 1 }));
    const rows = receipts.map(loadedRows);

    const report = await auditReport(
      await fakeDeps(receipts, {
        sources: rows.map((row) => row.source),
        loads: rows.flatMap((row) => row.loads),
      }),
    );

    assert.equal(report.balanced_sources, 1203);
    assert.equal(report.balanced, true);
  });
});

describe("auditTables", () => {
  const id = idOf("/a");
  const cases: readonly [
    title: string,
    counts: [rows: number, repeated: number] | undefined,
    expected: [surplus: number, repeated: number, removed: number],
  ][] = [
    ["all rows there", [3, 0], [0, 0, 0]],
    ["rows that users deleted", [1, 0], [0, 0, 2]],
    ["all rows deleted", undefined, [0, 0, 3]],
    ["surplus rows", [5, 0], [2, 0, 0]],
    ["repeated rows", [4, 1], [0, 1, 0]],
    ["a row repeated and one removed", [3, 1], [0, 1, 1]],
  ];
  for (const [title, counts, [surplus, repeated, removed]] of cases) {
    it(`tells ${title}`, async () => {
      const found = counts
        ? [{ sourceId: id, eventType: "click", rows: counts[0], repeated: counts[1] }]
        : [];
      const deps = await fakeDeps([receipt], {
        sources: [source],
        loads: [loads[0]!],
        counts: { click: found },
      });

      const [audit] = await Array.fromAsync(auditTables(deps));

      assert.deepEqual([audit?.surplus, audit?.repeated, audit?.removed], [surplus, repeated, removed]);
    });
  }

  it("takes rows of a source that the ledger does not know, or has replaced, as surplus", async () => {
    const replaced = [{ ...loads[0]!, replacedBy: "x/1" }];
    const found = [
      { sourceId: id, eventType: "click", rows: 3, repeated: 0 },
      { sourceId: "f".repeat(32), eventType: "click", rows: 2, repeated: 0 },
    ];
    const deps = await fakeDeps([receipt], { loads: replaced, counts: { click: found } });

    assert.equal((await Array.fromAsync(auditTables(deps)))[0]?.surplus, 5);
  });
});
