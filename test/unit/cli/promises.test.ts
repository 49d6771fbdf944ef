import assert from "node:assert/strict";
import fc from "fast-check";
import { Promises } from "../../../cli/progress/promises.ts";
import { auditIds, receiptsOf } from "../../../cli/reports/audit-ids.ts";
import { auditSource } from "../../../cli/reports/audit-source.ts";
import type { Receipt } from "../../../shared/contracts/receipt.ts";
import type { LedgerRow, SourceRow } from "../../../shared/ports/warehouse.ts";
import { fakeDeps, loadedRows, receiptOf } from "./fake-deps.ts";

const RUNS = Number(process.env["FC_RUNS"] ?? 200);

type Ledger = ReturnType<typeof loadedRows>;
interface Change {
  readonly what: string;
  readonly change: (ledger: Ledger) => Ledger;
}

const withSource =
  (over: (row: SourceRow) => Partial<SourceRow>) =>
  ({ source, loads }: Ledger): Ledger => ({ source: { ...source, ...over(source) }, loads });
const withUnit =
  (over: (unit: LedgerRow) => readonly LedgerRow[]) =>
  ({ source, loads: [first, ...rest] }: Ledger): Ledger => ({
    source,
    loads: first ? [...over(first), ...rest] : [],
  });

const CHANGES: readonly Change[] = [
  { what: "nothing", change: (ledger) => ledger },
  { what: "the order of units", change: ({ source, loads }) => ({ source, loads: loads.toReversed() }) },
  { what: "a row more", change: withUnit((unit) => [{ ...unit, rows: unit.rows + 1 }]) },
  {
    what: "a refused row",
    change: withUnit((unit) => [{ ...unit, rows: unit.rows - 1, rejected: unit.rejected + 1 }]),
  },
  { what: "a unit less", change: withUnit(() => []) },
  { what: "a unit twice", change: withUnit((unit) => [unit, unit]) },
  { what: "a unit that was replaced", change: withUnit((unit) => [{ ...unit, replacedBy: "x" }]) },
  { what: "a unit of another generation", change: withUnit((unit) => [{ ...unit, generation: 7 }]) },
  { what: "a unit of another type", change: withUnit((unit) => [{ ...unit, eventType: "strange" }]) },
  {
    what: "a unit without lines",
    change: withUnit((unit) => [unit, { ...unit, eventType: "gone", rows: 0, rejected: 0 }]),
  },
  { what: "another number of lines", change: withSource(({ lines }) => ({ lines: lines + 1 })) },
  { what: "lines that were dropped", change: withSource(({ dropped }) => ({ dropped: dropped + 1 })) },
  {
    what: "lines in quarantine instead of blank",
    change: withSource(({ quarantined, blank }) => ({ quarantined: quarantined + 1, blank: blank - 1 })),
  },
  { what: "another state", change: withSource(() => ({ state: "replaced" })) },
  { what: "another generation", change: withSource(() => ({ generation: 1 })) },
];

describe("Promises", () => {
  it("are kept just where an audit that reads the receipt finds a loaded source without a problem", async () => {
    const types = fc.dictionary(fc.string({ maxLength: 4 }), fc.integer({ min: 1, max: 9 }), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(
        types,
        fc.nat(3),
        fc.uniqueArray(fc.constantFrom(...CHANGES), { maxLength: 2 }),
        async (lines, blank, changes) => {
          const receipt = receiptOf("/a", lines, { lines: { blank, quarantined: 2 } });
          const { source, loads } = changes.reduce(
            (ledger, { change }) => change(ledger),
            loadedRows(receipt),
          );
          const promises = new Promises();
          promises.add(receipt);

          const isKept = promises.areKept(source, loads);

          const id = receipt.source.id;
          const written = await receiptsOf(await fakeDeps([receipt]), id);
          const { problem, state } = auditSource(id, written, { id, sources: [source], loads });
          assert.equal(isKept, problem === undefined && state === "loaded", problem);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("of a receipt that nobody read, or that failed, are not known to be kept", () => {
    const receipt = receiptOf("/a", { t: 1 });
    const failed: Receipt = { ...receiptOf("/b", {}), state: "failed" };
    const promises = new Promises();
    promises.add(failed);

    for (const one of [receipt, failed]) {
      const { source, loads } = loadedRows(one);
      assert.equal(promises.areKept(source, loads), false);
    }
  });

  it("spare an audit the receipts, and only those that are kept", async () => {
    const receipts = ["/kept", "/broken", "/unread", "/unloaded"].map((key) => receiptOf(key, { t: 2 }));
    const [kept, broken, unread] = receipts.map(loadedRows);
    const ledger = {
      sources: [kept!.source, broken!.source, unread!.source],
      loads: [...kept!.loads, ...broken!.loads.map((unit) => ({ ...unit, rows: 1 })), ...unread!.loads],
    };
    const deps = await fakeDeps(receipts, ledger);
    const promises = new Promises();
    for (const [index, receipt] of receipts.entries()) if (index !== 2) promises.add(receipt);

    const verdicts = await Array.fromAsync(
      auditIds(
        deps,
        receipts.map(({ source }) => source.id),
        promises,
      ),
    );

    assert.deepEqual(
      verdicts.map(({ key, state, problem }) => [key, state, problem === undefined]),
      [
        ["/broken", "loaded", false],
        ["/unread", "loaded", true],
        ["/unloaded", "unloaded", false],
      ],
    );
  });
});
