// The staged way: the lines of the parts, checked value by value here and written again as flat lines, one member a column, for a COPY that
// cannot fail or round (docs/adr/0004-redshift-staged-loads.md). One row is what shared/schema/fits.ts says, the rest is in `_lr_rescued`.
import {
  EVENT_TYPE_MEMBER,
  LINE_MEMBER,
  MAX_LINE_BYTES,
  OTHER_EVENT_TYPE,
  RESCUED_MEMBER,
  SOURCE_MEMBER,
} from "../../contracts/words.ts";
import { parseColumnType } from "../../schema/column-types.ts";
import {
  ExactNumber,
  formatExact,
  isExactObject,
  parseExact,
  type ExactJson,
} from "../../schema/exact-json.ts";
import type { CatalogColumn, TableLoadPlan } from "../../schema/types.ts";
import { ValuePlacer, type RescuedValue } from "../place-values.ts";
import { Refused } from "./refused.ts";

const SYSTEM_MEMBERS = [SOURCE_MEMBER, LINE_MEMBER, EVENT_TYPE_MEMBER, RESCUED_MEMBER] as const;
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BAR = 0x7c;

export interface CheckedLine {
  readonly source: string;
  readonly line: number;
  readonly eventType: string;
  /** Values that this load put into `_lr_rescued`. */
  readonly rescued: number;
  /** The line as it is copied, with its newline. */
  readonly bytes: Buffer;
}

/** Checks lines of one table's plan. */
export class LineChecker {
  readonly #plan: TableLoadPlan;
  readonly #placer: ValuePlacer;
  /** Column → its member in a checked line, and how its values are written there. */
  readonly #members: ReadonlyMap<string, { readonly key: string; readonly write: (json: string) => string }>;
  readonly #used = new Set<string>();

  constructor(plan: TableLoadPlan) {
    this.#plan = plan;
    this.#placer = new ValuePlacer(plan);
    this.#members = new Map(
      plan.columns.map((column, at) => [column.column, { key: `c${at}`, write: writerOf(column) }]),
    );
  }

  /** Columns that some line has filled so far, with their members. */
  used(): readonly { readonly column: string; readonly key: string }[] {
    return this.#plan.columns
      .filter(({ column }) => this.#used.has(column))
      .map(({ column }) => ({ column, key: this.#members.get(column)!.key }));
  }

  /** Throws Refused, with source and line where it can tell, for a line that no part should have. */
  check(bytes: Buffer): CheckedLine {
    const document = this.#parse(bytes);
    const [source, number, eventType, before] = SYSTEM_MEMBERS.map((member) => document.get(member));
    for (const member of SYSTEM_MEMBERS) document.delete(member);
    if (typeof source !== "string" || !(number instanceof ExactNumber) || typeof eventType !== "string")
      throw this.#refused("a line has no source, number or event type", bytes);
    const { values, rescued } = this.#placer.place(document);
    const brought: RescuedValue[] = JSON.parse(formatExact(before ?? []));
    const all = [...this.#placer.withoutDropped(brought ?? []), ...rescued];
    const members = [
      `"${SOURCE_MEMBER}":${JSON.stringify(source)},"${LINE_MEMBER}":${number.text},"${EVENT_TYPE_MEMBER}":${JSON.stringify(eventType)}`,
      ...(all.length > 0 ? [`"${RESCUED_MEMBER}":${JSON.stringify(all)}`] : []),
    ];
    for (const [column, json] of values) {
      const { key, write } = this.#members.get(column)!;
      this.#used.add(column);
      members.push(`"${key}":${write(json)}`);
    }
    const checked = Buffer.from(`{${members.join(",")}}\n`);
    if (checked.length + countBars(checked) > MAX_LINE_BYTES)
      throw this.#refused("the line is over 4,000,000 bytes with its values in columns", bytes);
    return { source, line: Number(number.text), eventType, rescued: rescued.length, bytes: checked };
  }

  #parse(bytes: Buffer): Map<string, ExactJson> {
    let value: ExactJson;
    try {
      value = parseExact(DECODER.decode(bytes));
    } catch (error) {
      throw this.#refused(
        `a line is no JSON: ${error instanceof Error ? error.message.slice(0, 200) : ""}`,
        bytes,
      );
    }
    if (!isExactObject(value)) throw this.#refused("a line is no object", bytes);
    return new Map(value);
  }

  #refused(reason: string, bytes: Buffer): Refused {
    const line = lineIdentity(bytes);
    return new Refused(this.#plan.table, reason, line ? [line] : []);
  }
}

function countBars(bytes: Buffer): number {
  let bars = 0;
  for (let at = bytes.indexOf(BAR); at >= 0; at = bytes.indexOf(BAR, at + 1)) bars++;
  return bars;
}

const PREFIX = new RegExp(`^\\{"${SOURCE_MEMBER}":"([0-9a-f]{32})","${LINE_MEMBER}":([1-9][0-9]*),`);

/** Source and number of a part's line, from what every line begins with. */
export function lineIdentity(bytes: Buffer): { sourceId: string; line: number } | undefined {
  const match = PREFIX.exec(bytes.subarray(0, 200).toString("latin1"));
  return match ? { sourceId: match[1]!, line: Number(match[2]) } : undefined;
}

/** How COPY takes a value exactly: decimals as text, since JSON numbers would pass through a double; times as TIMEFORMAT 'auto' knows them. */
function writerOf({ type }: CatalogColumn): (json: string) => string {
  switch (parseColumnType(type).name) {
    case "decimal":
      return (json) => `"${json}"`;
    case "timestamp":
    case "timestamptz":
    case "epoch_seconds":
    case "epoch_milliseconds":
      return (json) => json.replace("T", " ").replace('Z"', '+00"');
    case "integer":
    case "double":
    case "boolean":
    case "date":
    case "string":
    case "json":
    case "hash":
      return (json) => json;
  }
}

/** True where the lines of a part may have other event types than their unit's. */
export function isShared(eventType: string): boolean {
  return eventType === OTHER_EVENT_TYPE;
}
