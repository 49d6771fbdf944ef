// The shape of a set of JSON objects: for each path, which kinds of value were seen, how often, and the limits that decide column
// types. This is its JSON form, as receipts carry it; shared/shape has the operations (merge, read, write).
import { z } from "zod";

const count = z.int().min(1);

/** Only what was seen is present. Counts are of lines' values at this path. */
export interface ShapeJson {
  readonly null?: number | undefined;
  readonly boolean?: number | undefined;
  /** `-?digits` from −2^63 to 2^63−1. `min`/`max` as decimal text, exact. */
  readonly integer?: { readonly count: number; readonly min: string; readonly max: string } | undefined;
  /**
   * Exact numbers that are not integers in range. `integer_digits`, `scale` and `significant_digits` are the most seen of each, of the
   * value written as a plain decimal without trailing zeros (19.90 has 2, 1, 3), so that a pinned DECIMAL(p,s) can be proven to hold all.
   */
  readonly float?:
    | {
        readonly count: number;
        readonly integer_digits: number;
        readonly scale: number;
        readonly significant_digits: number;
      }
    | undefined;
  /** Strings that are no timestamp or date. `bytes`: the longest, UTF-8, unescaped. */
  readonly string?: { readonly count: number; readonly bytes: number } | undefined;
  /** Strings `YYYY-MM-DD[T ]hh:mm:ss[.1–6 digits]` with `Z` or `±hh:mm`. */
  readonly timestamptz?: number | undefined;
  /** The same without a zone. */
  readonly timestamp?: number | undefined;
  /** Strings `YYYY-MM-DD`. */
  readonly date?: number | undefined;
  readonly object?: number | undefined;
  readonly array?: number | undefined;
  /**
   * Members of the objects at this path, unless it is `whole`. Keys are sorted by code unit. The key `__proto__` is written
   * `___proto__` (and `___proto__` with one underscore more, and so on), because JSON libraries lose it: use shared/shape.
   */
  readonly keys?: Readonly<Record<string, ShapeJson>> | undefined;
  /** More than K distinct keys were seen here: members are not listed, the object is kept whole. */
  readonly whole?: true | undefined;
}

export const shapeSchema: z.ZodType<ShapeJson> = z
  .lazy(() =>
    z.strictObject({
      null: count.optional(),
      boolean: count.optional(),
      integer: z.strictObject({ count, min: z.string(), max: z.string() }).optional(),
      float: z
        .strictObject({
          count,
          integer_digits: z.int().min(0),
          scale: z.int().min(0),
          significant_digits: z.int().min(0),
        })
        .optional(),
      string: z.strictObject({ count, bytes: z.int().min(0) }).optional(),
      timestamptz: count.optional(),
      timestamp: count.optional(),
      date: count.optional(),
      object: count.optional(),
      array: count.optional(),
      keys: z.record(z.string(), shapeSchema).optional(),
      whole: z.literal(true).optional(),
    }),
  )
  .meta({ id: "Shape" });
