// From a receipt's key to units that wait in batches: reads receipts, many at a time, asks the ledger what is known of their sources, and
// announces them there before their first unit.
import pLimit from "p-limit";
import type { Receipt } from "../../shared/contracts/receipt.ts";
import type { ShapeJson } from "../../shared/contracts/shape.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import type { ObjectStore } from "../../shared/ports/object-store.ts";
import type { LoadUnit, SourceRow, UnitKey } from "../../shared/ports/warehouse.ts";
import { readReceipt } from "../../shared/receipts/read-receipt.ts";
import { readShapes } from "../../shared/receipts/read-shapes.ts";
import { sourceText, unitText } from "../../shared/warehouse/source-rules.ts";
import { Collector } from "./collector.ts";
import { decideSource, type Decision } from "./decide-source.ts";
import { receiptRead, sourceSuperseding, type Telemetry } from "./events.ts";
import type { ReceiptDesk } from "./receipt-desk.ts";
import { promisedUnits, withReplaced } from "./replaced-units.ts";
import { sourceRow } from "./source-row.ts";
import type { SourceSettler } from "./source-settler.ts";
import type { WarehouseGate } from "./warehouse-gate.ts";
import type { ReceiptWork } from "./work.ts";

/** A receipt whose units are to be loaded. */
export interface Admitted {
  readonly work: ReceiptWork;
  /** Those that are not in `loads` yet. */
  readonly units: readonly LoadUnit[];
  readonly shapes: ReadonlyMap<string, ShapeJson>;
  /** Table by event type, of types that have gone and whose rows are to be deleted where they are. */
  readonly goneTables: ReadonlyMap<string, string>;
}

export interface AdmissionOptions {
  readonly store: ObjectStore;
  readonly bucket: string;
  readonly gate: WarehouseGate;
  readonly desk: ReceiptDesk;
  readonly settler: SourceSettler;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Puts the units into batches. */
  readonly enqueue: (admitted: Admitted) => Promise<void>;
  /** Every receipt that was added has been admitted, or has failed. */
  readonly onIdle: () => void;
}

interface Entry {
  readonly work: ReceiptWork;
  readonly receipt: Receipt;
  readonly row: SourceRow;
}

/** Receipts in one round, and how much of them may be in memory at the same time. */
const MAX_RECEIPTS = 200;
const MAX_BYTES = 16 * 1024 * 1024;
const CONCURRENT_READS = 8;
/** Times that the ledger may change under a decision. */
const MAX_DECISIONS = 20;

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #collector = new Collector<ReceiptWork>(
    (works) => this.#round(works),
    MAX_RECEIPTS,
    undefined,
    () => this.#options.onIdle(),
  );
  readonly #reads = pLimit(CONCURRENT_READS);

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#collector.isBusy;
  }

  add(work: ReceiptWork): void {
    this.#collector.add(work);
  }

  async idle(): Promise<void> {
    await this.#collector.idle();
  }

  async #round(works: readonly ReceiptWork[]): Promise<void> {
    for (const some of chunksByBytes(works)) {
      const read = await Promise.all(
        some.map((work) => this.#reads(() => this.#guarded(work, () => this.#read(work)))),
      );
      const entries = read.flatMap((entry) => entry ?? []);
      await Promise.all(entries.map((entry) => this.#guarded(entry.work, () => this.#admit(entry))));
    }
  }

  /** A failure concerns one receipt alone. */
  async #guarded<T>(work: ReceiptWork, does: () => Promise<T>): Promise<T | undefined> {
    try {
      return await does();
    } catch (error) {
      this.#options.desk.failed(work, error);
      return undefined;
    }
  }

  async #read(work: ReceiptWork): Promise<Entry> {
    const { store, bucket, signal, telemetry } = this.#options;
    const receipt = await readReceipt(store, bucket, work.key, signal);
    const row = sourceRow(receipt);
    work.row = row;
    receiptRead(telemetry, receipt);
    return { work, receipt, row };
  }

  async #admit(entry: Entry): Promise<void> {
    for (let decisions = 0; decisions < MAX_DECISIONS; decisions++) {
      const known = await this.#known.find(entry.row);
      const decision = decideSource(entry.row, entry.receipt.returned ?? false, known);
      const isKnown = known.some((row) => sourceText(row) === sourceText(entry.row));
      if (await this.#carryOut(entry, decision, isKnown)) return;
    }
    throw new RouterError("CATALOG_STALE", "The ledger keeps changing under the receipt.", {
      retryable: true,
    });
  }

  /** False when the ledger has changed meanwhile: decide again. */
  async #carryOut(entry: Entry, decision: Decision, isKnown: boolean): Promise<boolean> {
    const { desk, settler } = this.#options;
    if (decision.kind === "settle") return await this.#settle(entry, decision.row);
    if (decision.kind === "supersede") return await this.#supersede(entry);
    if (decision.kind === "announce" && !(await settler.settle(entry.row))) return false;
    if (decision.kind === "done") desk.settled(entry.work, decision.row, false);
    else await this.#enqueue(entry, [], isKnown || decision.kind === "resume");
    return true;
  }

  async #settle({ work, receipt, row: own }: Entry, row: SourceRow): Promise<boolean> {
    const { desk, settler } = this.#options;
    if (!(await settler.settle(row))) return false;
    if (receipt.returned && row.state === "ignored") {
      // From here on its row blocks older sources; one that came before may have replaced the content that it relies on.
      const after = decideSource(own, true, await this.#known.find(own));
      if (after.kind !== "settle" || after.row.state !== "ignored") return false;
    }
    desk.settled(work, row, true);
    return true;
  }

  async #supersede(entry: Entry): Promise<boolean> {
    const { gate, telemetry } = this.#options;
    const result = await gate.run((warehouse, signal) => warehouse.supersede(entry.row, signal));
    if (result.kind === "superseded") {
      // The next look at the ledger shows by whom; that nobody shows up would be a contradiction, and ends after some rounds.
      return false;
    }
    sourceSuperseding(telemetry, entry.row, result.units.length);
    await this.#enqueue(entry, result.units, true);
    return true;
  }

  async #enqueue({ work, receipt }: Entry, older: readonly UnitKey[], isKnown: boolean): Promise<void> {
    const { store, bucket, signal, desk, enqueue } = this.#options;
    const promised = promisedUnits(receipt, work.key);
    const loaded = isKnown ? await this.#loaded(promised) : new Map<string, string>();
    const isLoaded = (unit: UnitKey): boolean => loaded.has(unitText(unit));
    const all = withReplaced(promised, older, receipt, work.key, isLoaded);
    const units = all.filter((unit) => !isLoaded(unit));
    const promisedTypes = new Set(promised.map(({ eventType }) => eventType));
    const gone = older.filter(({ eventType }) => !promisedTypes.has(eventType));
    const tables = gone.length > 0 ? await this.#loaded(gone) : new Map<string, string>();
    const goneTables = new Map(gone.map((unit) => [unit.eventType, tables.get(unitText(unit))!]));
    const shapes = units.some((unit) => unit.lines > 0)
      ? await readShapes(store, bucket, receipt, signal)
      : new Map();
    await enqueue({ work, units, shapes, goneTables });
    desk.admitted(work);
  }

  /** Tables of the units that are in `loads`, by unit. */
  async #loaded(units: readonly UnitKey[]): Promise<Map<string, string>> {
    if (units.length === 0) return new Map();
    const rows = await this.#options.gate.run((warehouse, signal) => warehouse.loadedUnits(units, signal));
    return new Map(rows.map((row) => [unitText(row), row.table]));
  }

  readonly #known = new KnownSources((names) =>
    this.#options.gate.run((warehouse, signal) => warehouse.findSources({ names }, signal)),
  );
}

type Name = Pick<SourceRow, "bucket" | "key">;

/** Looks up the ledger's rows of many names in one call. */
class KnownSources {
  readonly #look: (names: readonly Name[]) => Promise<readonly SourceRow[]>;
  readonly #collector = new Collector<{ name: Name; result: PromiseWithResolvers<readonly SourceRow[]> }>(
    (items) => this.#round(items),
    MAX_RECEIPTS,
  );

  constructor(look: (names: readonly Name[]) => Promise<readonly SourceRow[]>) {
    this.#look = look;
  }

  find({ bucket, key }: Name): Promise<readonly SourceRow[]> {
    const result = Promise.withResolvers<readonly SourceRow[]>();
    this.#collector.add({ name: { bucket, key }, result });
    return result.promise;
  }

  async #round(
    items: readonly { name: Name; result: PromiseWithResolvers<readonly SourceRow[]> }[],
  ): Promise<void> {
    try {
      const names = new Map(items.map(({ name }) => [JSON.stringify([name.bucket, name.key]), name]));
      const rows = await this.#look([...names.values()]);
      const found = Map.groupBy(rows, (row) => JSON.stringify([row.bucket, row.key]));
      for (const { name, result } of items)
        result.resolve(found.get(JSON.stringify([name.bucket, name.key])) ?? []);
    } catch (error) {
      for (const { result } of items) result.reject(error);
    }
  }
}

function* chunksByBytes(works: readonly ReceiptWork[]): Generator<ReceiptWork[], void, undefined> {
  let chunk: ReceiptWork[] = [];
  let bytes = 0;
  for (const work of works) {
    if (chunk.length > 0 && bytes + work.bytes > MAX_BYTES) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(work);
    bytes += work.bytes;
  }
  if (chunk.length > 0) yield chunk;
}
