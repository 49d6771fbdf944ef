// A small source from its stored bytes to the bytes of its parts, in the thread that is asked to: nothing is read, and nothing is put anywhere.
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import type { WrittenPart } from "../parts/part-writer.ts";
import { rawNow } from "../read/read-small.ts";
import { MAX_RECEIPT_BYTES, type LineCounts } from "../receipt/build-receipt.ts";
import { PlainSplitter } from "./plain-source.ts";
import type { AnySplitter } from "./split-any.ts";

/** The rest of a receipt is a few kilobytes. */
const MOST_PARTS_BYTES = MAX_RECEIPT_BYTES - 1024 * 1024;

export interface SourceInWork {
  readonly sourceId: string;
  readonly attempt: string;
}

/** Plain data: it is copied to the thread. */
export interface SmallSource extends SourceInWork {
  /** All of their buffer. */
  readonly stored: Uint8Array<ArrayBuffer>;
}

/** What an attempt over a source gave, but for its objects being in memory. */
export interface SmallSplit {
  readonly lines: LineCounts;
  readonly rawBytes: number;
  readonly written: readonly WrittenPart[];
  /** Of the objects in `written`, one after the other; then the elements of the receipt's `parts` with the shapes, as JSON. All of their buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the latter begin. */
  readonly partsAt: number;
  /** How many event types have a shape. */
  readonly types: number;
}

/** The bytes of each object in `written`. */
export function bodiesOf({ written, bytes }: SmallSplit): readonly Uint8Array<ArrayBuffer>[] {
  let at = 0;
  return written.map((object) => bytes.subarray(at, (at += object.bytes)));
}

/** For sources under the same settings. */
export class SmallSplitter {
  readonly #config: Config;
  readonly #settings: SourceSettings;
  readonly #plain: PlainSplitter;

  constructor(config: Config, settings: SourceSettings) {
    this.#config = config;
    this.#settings = settings;
    this.#plain = new PlainSplitter(config, settings);
  }

  /** Undefined for what is better seen by those who deal with sources of any size: bytes that are odd (`rawNow`), shapes of megabytes. One at a time. */
  async split(source: SmallSource): Promise<SmallSplit | undefined> {
    const whole = rawNow(source.stored);
    if (!whole) return undefined;
    const plain = this.#plain.split(source, whole.raw);
    if (plain) return fitsReceipt(plain);
    const own = { ...whole, raw: new Uint8Array(whole.raw) };
    const any = await anyOf(this.#config);
    return fitsReceipt(await any.split(source, this.#settings, own, source.stored.length));
  }

  /** As `split`, also undefined for what is not of the usual kind (PlainSplitter). */
  splitPlain(source: SmallSource): SmallSplit | undefined {
    const whole = rawNow(source.stored);
    return whole && fitsReceipt(this.#plain.split(source, whole.raw));
  }
}

function fitsReceipt(split: SmallSplit | undefined): SmallSplit | undefined {
  return split && split.bytes.length - split.partsAt > MOST_PARTS_BYTES ? undefined : split;
}

const anySplitters = new WeakMap<Config, Promise<AnySplitter>>();

/** Most small sources are plain, and this takes as long to load as hundreds of them. */
function anyOf(config: Config): Promise<AnySplitter> {
  let any = anySplitters.get(config);
  if (!any) {
    any = import("./split-any.ts").then(({ AnySplitter }) => new AnySplitter(config));
    anySplitters.set(config, any);
  }
  return any;
}
