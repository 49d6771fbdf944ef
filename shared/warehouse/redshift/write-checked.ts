// Reads the parts of one table's units, checks every line, and writes the checked lines to the attempt's objects; counts as it goes, unit by
// unit, so that a receipt that promises something else is found before anything is sent.
import { createZstdCompress } from "node:zlib";
import { Readable } from "node:stream";
import { OTHER_EVENT_TYPE } from "../../contracts/words.ts";
import { RouterError } from "../../errors/router-error.ts";
import type { LoadUnit, UnitPart } from "../../ports/warehouse.ts";
import { hasOthersLines, isUnitLine, partLineHead } from "../../receipts/part-line.ts";
import { readPartLines } from "../../receipts/read-part.ts";
import { LineChecker, lineIdentity } from "./checked-lines.ts";
import { copyColumns, type CopyGroup, type JobTable } from "./copy-groups.ts";
import type { LoadObjects } from "./load-objects.ts";

export interface UnitCount {
  readonly rows: number;
  readonly rescued: number;
}

export interface CheckedTable {
  readonly group: CopyGroup | undefined;
  readonly counts: ReadonlyMap<LoadUnit, UnitCount>;
}

/** Uncompressed bytes at which a checked object is closed: a slice reads one object. One frame each. */
const OBJECT_BYTES = 256 * 1024 * 1024;

/** Throws Refused for lines that cannot be loaded, ACCOUNTING_BROKEN when the lines are not as many as promised. */
export async function writeChecked(
  table: JobTable,
  name: string,
  bucket: string,
  objects: LoadObjects,
  signal?: AbortSignal,
): Promise<CheckedTable> {
  const { plan, units } = table;
  const checker = new LineChecker(plan);
  const counter = new UnitCounter(units);
  const failures: unknown[] = [];
  const lines = keepingErrors(checkedLines(table, bucket, checker, counter, objects, signal), failures);
  const files: { key: string; bytes?: number }[] = [];
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const body = Readable.from(oneObject(next.value, lines), {
      objectMode: false,
      highWaterMark: 1024 * 1024,
    });
    const compressed = body.pipe(createZstdCompress());
    body.once("error", (error) => compressed.destroy(error));
    try {
      files.push({ key: await objects.put(`${name}-${files.length}.ndjson.zst`, compressed) });
    } catch (error) {
      // A store tells of a failed write in words of its own: what was wrong with the lines comes first.
      throw failures[0] ?? error;
    }
  }
  const counts = counter.checked(plan.table);
  if (files.length === 0) return { group: undefined, counts };
  const columns = checker.used().map(({ column, key }) => ({ column, path: [key] }));
  const rows = [...counts.values()].reduce((sum, count) => sum + count.rows, 0);
  const group: CopyGroup = {
    table: plan.table,
    ...copyColumns(columns),
    bucket: objects.bucket,
    files,
    compression: "zstd",
    rows,
    isDirect: false,
  };
  return { group, counts };
}

async function* keepingErrors<T>(
  items: AsyncGenerator<T, void, undefined>,
  errors: unknown[],
): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } catch (error) {
    errors.push(error);
    throw error;
  }
}

/** The first line and those that follow it into the same object. */
async function* oneObject(
  first: Buffer,
  lines: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  yield first;
  for (let bytes = first.length; bytes < OBJECT_BYTES;) {
    const next = await lines.next();
    if (next.done) return;
    bytes += next.value.length;
    yield next.value;
  }
}

/** Lines joined to pieces of some size, so that a line does not cost a turn of the stream. */
const PIECE_BYTES = 128 * 1024;

async function* checkedLines(
  { units }: JobTable,
  bucket: string,
  checker: LineChecker,
  counter: UnitCounter,
  objects: LoadObjects,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let piece: Buffer[] = [];
  let bytes = 0;
  for (const [part, named] of partsOf(units)) {
    for await (const line of readPartLines(objects.store, bucket, part, signal)) {
      // Both before it is looked at: it may be another's, or be there because it is no JSON.
      if (hasOthersLines(part) && !isOfOne(named, line)) continue;
      if (counter.isRejected(named, line)) continue;
      const checked = checker.check(line);
      if (!counter.count(named, checked)) continue;
      piece.push(checked.bytes);
      bytes += checked.bytes.length;
      if (bytes < PIECE_BYTES) continue;
      yield Buffer.concat(piece);
      piece = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(piece);
}

/** A line without a head is left to the checker, which refuses it. */
function isOfOne(named: readonly LoadUnit[], line: Buffer): boolean {
  const head = partLineHead(line);
  return !head || named.some((unit) => isUnitLine(unit, head));
}

/** Each part once, with the units that name it. */
function partsOf(units: readonly LoadUnit[]): Iterable<readonly [UnitPart, readonly LoadUnit[]]> {
  const parts = new Map<string, [UnitPart, LoadUnit[]]>();
  for (const unit of units) {
    for (const part of unit.parts) {
      const known = parts.get(part.key);
      if (known) known[1].push(unit);
      else parts.set(part.key, [part, [unit]]);
    }
  }
  return parts.values();
}

const lineType = (source: string, eventType: string): string => JSON.stringify([source, eventType]);

class UnitCounter {
  readonly #units: readonly LoadUnit[];
  readonly #byType: ReadonlyMap<string, LoadUnit>;
  readonly #rejected: ReadonlyMap<LoadUnit, ReadonlySet<number>>;
  readonly #counts = new Map<LoadUnit, { rows: number; rescued: number }>();

  constructor(units: readonly LoadUnit[]) {
    this.#units = units;
    this.#byType = new Map(units.map((unit) => [lineType(unit.sourceId, unit.eventType), unit]));
    this.#rejected = new Map(units.map((unit) => [unit, new Set(unit.rejectedLines)]));
    for (const unit of units) this.#counts.set(unit, { rows: 0, rescued: 0 });
  }

  /** True for a line in quarantine. `named`: the units that name its part. */
  isRejected(named: readonly LoadUnit[], bytes: Buffer): boolean {
    if (named.every((unit) => this.#rejected.get(unit)!.size === 0)) return false;
    const identity = lineIdentity(bytes);
    return named.some(
      (unit) => unit.sourceId === identity?.sourceId && this.#rejected.get(unit)!.has(identity.line),
    );
  }

  /** False for a line that is not wanted: of another unit's event type. `named`: the units that name its part. */
  count(
    named: readonly LoadUnit[],
    line: { source: string; line: number; eventType: string; rescued: number },
  ): boolean {
    const own = this.#byType.get(lineType(line.source, line.eventType));
    const shared = this.#byType.get(lineType(line.source, OTHER_EVENT_TYPE));
    const unit = [own, shared].find((one) => one && named.includes(one));
    if (!unit) return false;
    const counts = this.#counts.get(unit)!;
    counts.rows++;
    counts.rescued += line.rescued;
    return true;
  }

  checked(table: string): ReadonlyMap<LoadUnit, UnitCount> {
    for (const unit of this.#units) {
      const { rows } = this.#counts.get(unit)!;
      const expected = unit.lines - unit.rejectedLines.length;
      if (rows === expected) continue;
      throw new RouterError(
        "ACCOUNTING_BROKEN",
        `${rows} rows where the receipt promises ${expected} lines; nothing was loaded`,
        {
          details: { table, sourceId: unit.sourceId, generation: unit.generation, receipt: unit.receiptKey },
        },
      );
    }
    return this.#counts;
  }
}
