// Creating and altering event tables. Names are checked beforehand; the transactions take the catalog's lock first and guard that the catalog
// is still the one that the change was computed from. DDL waits for its table only `table_wait_seconds` and then gives way, because a waiting
// ALTER makes every reader wait behind it.
import { randomBytes } from "node:crypto";
import type { Config } from "../../config/schema.ts";
import { isNameGlob, nameMatcher } from "../../config/name-glob.ts";
import { parseKeyPath } from "../../config/parse-key-path.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { SYSTEM_COLUMNS } from "../../schema/names.ts";
import type { Path, TableChange } from "../../schema/types.ts";
import { foldName, redshiftLiteral, redshiftTable } from "../sql/quote-redshift.ts";
import { presentColumns, tableNames } from "./catalog.ts";
import { changePieces, rewriteCounts, rewritePiece, widenPieces, type Piece } from "./change-pieces.ts";
import type { Database, Run } from "./database.ts";
import { failureKind, statementError } from "./errors.ts";
import { CATALOG_LOCK, LEDGER_SCHEMA, lockSlots, type LedgerSettings } from "./ledger-schema.ts";
import { catalogGuard } from "./load-statements.ts";
import { readSettings } from "./load-context.ts";
import { count, text } from "./rows.ts";
import { slotsOf } from "./slots.ts";
import { widenColumn } from "./widen.ts";

export type ChangeResult = Awaited<ReturnType<Warehouse["change"]>>;
type Columns = { table: string; column: string }[];

/** Checks that find a name taken, and a transaction that finds it taken after all, at the most. */
const ROUNDS = 4;

export class TableChanger {
  readonly #database: Database;
  readonly #config: Config;
  readonly #eventSchema: string;
  readonly #clock: Clock;

  constructor(database: Database, config: Config, clock: Clock) {
    this.#database = database;
    this.#config = config;
    this.#eventSchema = config.tables.schema;
    this.#clock = clock;
  }

  async apply(version: string, changes: readonly TableChange[], signal?: AbortSignal): Promise<ChangeResult> {
    const run: Run = {
      name: `change ${changes.map(({ table }) => table).join(" ")}`,
      signal,
      timeoutSeconds: this.#config.redshift.table_wait_seconds,
    };
    for (let round = 1; ; round++) {
      const settings = await readSettings(this.#database, run);
      if (settings.catalogVersion !== version) return { kind: "stale" };
      const taken = await this.#takenName(changes, run);
      if (taken) return { kind: "nameTaken", ...taken };
      const unfit = await this.#unfitForRewrite(changes, run);
      if (unfit.length > 0) return { kind: "rewriteRefused", columns: unfit };
      const refused = await this.#widen(changes, run);
      if (refused.length > 0) return { kind: "widenRefused", columns: refused };
      const result = await this.#transactions(settings, changes, run);
      if (result !== "taken") return result;
      if (round === ROUNDS) return { kind: "stale" };
    }
  }

  async #takenName(
    changes: readonly TableChange[],
    run: Run,
  ): Promise<{ table: string; column?: string } | undefined> {
    const present = changes.some(({ create }) => create)
      ? new Set((await this.#database.query(tableNames(this.#eventSchema), run)).map((row) => text(row, 0)))
      : new Set<string>();
    for (const { table, create, addColumns } of changes) {
      if (create && present.has(foldName(table))) return { table };
      present.add(foldName(table));
      const isAdded = !create && addColumns.length > 0;
      const columns = isAdded ? await presentColumns(this.#database, this.#eventSchema, table, run) : [];
      const names = new Set<string>([...columns.map(({ name }) => name), ...SYSTEM_COLUMNS]);
      for (const { column } of addColumns) {
        if (names.has(foldName(column))) return { table, column };
        names.add(foldName(column));
      }
    }
    return undefined;
  }

  async #unfitForRewrite(changes: readonly TableChange[], run: Run): Promise<Columns> {
    const unfit: Columns = [];
    for (const { table, rewrite } of changes) {
      if (rewrite.length === 0) continue;
      const names = rewrite.map(({ column }) => column);
      const [counts] = await this.#database.query(
        rewriteCounts(redshiftTable(this.#eventSchema, table), names),
        run,
      );
      const isOld = count(counts!, 0) >= this.#config.tables.rewrite_rows;
      unfit.push(
        ...names.filter((_, at) => isOld || count(counts!, at + 1) > 0).map((column) => ({ table, column })),
      );
    }
    return unfit;
  }

  /** Outside a transaction, before the catalog says so: a wider column than the catalog knows does no harm. */
  async #widen(changes: readonly TableChange[], run: Run): Promise<Columns> {
    const refused: Columns = [];
    for (const { table, widen } of changes) {
      for (const { column, to } of widen) {
        const isWide = await this.#patiently(run, () =>
          widenColumn(this.#database, this.#eventSchema, { table, column, to }, run),
        );
        if (!isWide) refused.push({ table, column });
      }
    }
    return refused;
  }

  async #transactions(
    settings: LedgerSettings,
    changes: readonly TableChange[],
    run: Run,
  ): Promise<ChangeResult | "taken"> {
    let version = settings.catalogVersion;
    const pieces: { lock: string; piece: Piece; rewrites?: { table: string; column: string } }[] = [];
    const lock = `LOCK TABLE ${CATALOG_LOCK}`;
    for (const change of changes)
      for (const piece of changePieces(change, await this.#ordinal(change, run), this.#pieceSettings()))
        pieces.push({ lock, piece });
    for (const piece of widenPieces(changes)) pieces.push({ lock, piece });
    for (const { table, rewrite, eventTypes } of changes) {
      if (rewrite.length === 0) continue;
      // A load of this table that has planned for integers must not run beside it: hold the slots of its event types, then the table itself.
      const types = [...eventTypes, ...(await this.#eventTypes(table, run))];
      const locks = lockSlots(slotsOf(types, settings.slots), redshiftTable(this.#eventSchema, table));
      for (const { column } of rewrite)
        pieces.push({
          lock: `${lock}, ${locks.replace("LOCK TABLE ", "")}`,
          piece: rewritePiece(this.#eventSchema, table, column, {
            rewriteRows: this.#config.tables.rewrite_rows,
            timeoutSeconds: this.#config.redshift.load_timeout_seconds,
          }),
          rewrites: { table, column },
        });
    }
    for (const { lock, piece, rewrites } of pieces) {
      const result = await this.#patiently(run, () => this.#piece(version, lock, piece, run));
      if (result === "stale") return { kind: "stale" };
      if (result === "taken") return "taken";
      if (result === "refused") {
        if (rewrites) return { kind: "rewriteRefused", columns: [rewrites] };
        return { kind: "stale" };
      }
      version = result.version;
    }
    return { kind: "applied" };
  }

  /** One transaction. The version that it leaves is its own: after an answer that is no answer, it tells whether the piece is there. */
  async #piece(
    version: string,
    lock: string,
    piece: Piece,
    run: Run,
  ): Promise<{ version: string } | "stale" | "taken" | "refused"> {
    const [id] = version.split(".");
    const next = randomBytes(8).toString("hex");
    const after = { version: `${id}.${next}` };
    const guard = catalogGuard(version);
    const raise = `UPDATE ${LEDGER_SCHEMA}.settings SET value = '${next}' WHERE name = 'catalog_version'`;
    const isThere = async () => (await readSettings(this.#database, run)).catalogVersion;
    let failure: string;
    try {
      const outcome = await this.#database.attempt([lock, guard, ...piece, raise], run);
      if (outcome.kind === "finished") return after;
      failure = outcome.error;
    } catch (error) {
      if (!run.signal?.aborted && (await isThere().catch(() => "")) === after.version) return after;
      throw error;
    }
    const found = await isThere();
    if (found === after.version) return after;
    if (found !== version) return "stale";
    const kind = failureKind(failure);
    if (kind === "exists") return "taken";
    if (kind === "guard" || (kind === "other" && /cannot (drop|alter)|depend/i.test(failure)))
      return "refused";
    throw statementError(run.name, this.#database.target, failure);
  }

  /** Again with back-off while the table or the catalog is locked, for `schema_wait_seconds`. */
  async #patiently<T>(run: Run, work: () => Promise<T>): Promise<T> {
    const end = this.#clock.now().getTime() + this.#config.redshift.schema_wait_seconds * 1000;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.retried(work, run.signal);
      } catch (error) {
        const isLocked = error instanceof Error && "code" in error && error.code === "TABLE_LOCKED";
        if (!isLocked || this.#clock.now().getTime() >= end) throw error;
        await this.#clock.sleep(Math.random() * Math.min(10_000, 500 * 2 ** attempt), run.signal);
      }
    }
  }

  async #ordinal({ table, create, addColumns }: TableChange, run: Run): Promise<number> {
    if (create || addColumns.length === 0) return 0;
    const [row] = await this.#database.query(
      `SELECT COALESCE(MAX(ordinal) + 1, 0) FROM ${LEDGER_SCHEMA}."columns" WHERE table_name = ${redshiftLiteral(table)}`,
      run,
    );
    return count(row!, 0);
  }

  async #eventTypes(table: string, run: Run): Promise<string[]> {
    const rows = await this.#database.query(
      `SELECT event_type FROM ${LEDGER_SCHEMA}.tables WHERE table_name = ${redshiftLiteral(table)}`,
      run,
    );
    return rows.map((row) => text(row, 0));
  }

  #pieceSettings() {
    const { redshift, tables } = this.#config;
    return {
      eventSchema: this.#eventSchema,
      redshift,
      grantSelectTo: tables.grant_select_to,
      distKey: (eventTypes: readonly string[]) => distKeyOf(this.#config, eventTypes),
      now: this.#clock.now(),
    };
  }
}

/** The exact event type wins, then the first glob written. */
function distKeyOf({ redshift }: Config, eventTypes: readonly string[]): Path | undefined {
  const entries = Object.entries(redshift.dist_key);
  const exact = entries.find(([name]) => !isNameGlob(name) && eventTypes.includes(name));
  const found = exact ?? entries.find(([name]) => isNameGlob(name) && eventTypes.some(nameMatcher(name)));
  return found && parseKeyPath(found[1]);
}
