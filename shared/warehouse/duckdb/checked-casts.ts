// Casts that say NULL unless the column read back gives the same JSON value (DESIGN.md 4, "A value fits only if …"; the oracle is
// shared/schema/fits.ts). They take the value as JSON text as DuckDB writes it: no spaces, numbers shortest.
import { RouterError } from "../../errors/router-error.ts";
import type { ColumnType } from "../../schema/types.ts";
import { decimalType, stringBytes } from "./types.ts";

const TIME = String.raw`(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?`;
const YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)";
const DAY = String.raw`-[0-9]{2}-[0-9]{2}`;
const ZONE = String.raw`(?:Z|[+-](?:0[0-9]|1[0-5]):[0-5][0-9])`;
/** Also once brought to UTC. */
const YEARS =
  "BETWEEN '0001-01-01 00:00:00+00'::TIMESTAMPTZ AND '9999-12-31 23:59:59.999999+00'::TIMESTAMPTZ";

/** Macros of the loading connection. `v` is JSON text. */
export const CHECKED_CAST_MACROS: readonly string[] = [
  // What equals a missing member: null, and an object with nothing but such in it. Without its strings, any other value follows a colon.
  `lr_is_absent(v) AS CASE WHEN starts_with(v, '{')
     THEN v = '{}' OR NOT regexp_matches(regexp_replace(v, '"(?:[^"\\\\]|\\\\.)*"', '', 'g'), ':[^{n]')
     ELSE v = 'null' END`,
  `lr_present(v) AS CASE WHEN NOT lr_is_absent(v) THEN v END`,
  `lr_text(v) AS CASE WHEN starts_with(v, '"') THEN v ->> '$' END`,
  `lr_is_number(v) AS v < ':' AND v >= '-'`,
  `lr_is_integer(v) AS regexp_full_match(v, '-?[0-9]+')`,
  // Digits needed after the point of a plain decimal, without trailing zeros: 1.50 needs 1, 2e-7 needs 7, 1e21 none.
  `lr_scale(v) AS length(regexp_extract(v, '\\.([0-9]*?)0*(?:[eE]|$)', 1))
     - coalesce(TRY_CAST(regexp_extract(v, '[eE]([-+]?[0-9]+)$', 1) AS INTEGER), 0)`,
  `lr_integer(v) AS CASE WHEN lr_is_number(v) THEN CASE WHEN lr_is_integer(v) THEN TRY_CAST(v AS BIGINT) END END`,
  // Every number in a part is exact: an integer of 64 bits, or one that its nearest double writes (contract of the splitter).
  `lr_double(v) AS CASE WHEN lr_is_number(v) THEN CASE WHEN length(v) < 16 THEN TRY_CAST(v AS DOUBLE)
     WHEN NOT lr_is_integer(v) OR TRY_CAST(v AS BIGINT) IS NULL OR TRY_CAST(v AS BIGINT) BETWEEN -9007199254740992 AND 9007199254740992
     THEN TRY_CAST(v AS DOUBLE) END END`,
  `lr_boolean(v) AS CASE v WHEN 'true' THEN true WHEN 'false' THEN false END`,
  // On the JSON text itself: no character of these forms is ever escaped.
  `lr_timestamp(v) AS CASE WHEN regexp_full_match(v, '"${YEAR}${DAY}[T ]${TIME}"') THEN TRY_CAST(v[2:-2] AS TIMESTAMP) END`,
  `lr_timestamptz(v) AS CASE WHEN regexp_full_match(v, '"${YEAR}${DAY}[T ]${TIME}${ZONE}"')
     THEN CASE WHEN TRY_CAST(v[2:-2] AS TIMESTAMPTZ) ${YEARS} THEN TRY_CAST(v[2:-2] AS TIMESTAMPTZ) END END`,
  `lr_date(v) AS CASE WHEN regexp_full_match(v, '"${YEAR}${DAY}"') THEN TRY_CAST(v[2:-2] AS DATE) END`,
  `lr_string(v, bytes) AS CASE WHEN starts_with(v, '"') THEN CASE WHEN strlen(v ->> '$') <= bytes THEN v ->> '$' END END`,
  `lr_hash(v) AS sha256(coalesce(lr_text(v), v))`,
  // Microseconds from 0001-01-01 to 9999-12-31.
  `lr_epoch(v, unit, digits) AS CASE WHEN lr_is_number(v) THEN CASE WHEN lr_scale(v) <= digits
     AND TRY_CAST(v AS DECIMAL(24, 6)) * unit BETWEEN -62135596800000000 AND 253402300799999999
     THEN make_timestamptz((TRY_CAST(v AS DECIMAL(24, 6)) * unit)::BIGINT) END END`,
];

/** SQL expression of the JSON text `value` as `type`, NULL when it does not fit. */
export function checkedCast(value: string, type: ColumnType): string {
  const bytes = stringBytes(type);
  if (bytes !== undefined) return `lr_string(${value}, ${bytes})`;
  const decimal = decimalType(type);
  if (decimal) {
    const { precision, scale } = decimal;
    return `CASE WHEN lr_is_number(${value}) AND lr_scale(${value}) <= ${scale} THEN TRY_CAST(${value} AS DECIMAL(${precision}, ${scale})) END`;
  }
  switch (type) {
    case "epoch_seconds":
      return `lr_epoch(${value}, 1000000, 6)`;
    case "epoch_milliseconds":
      return `lr_epoch(${value}, 1000, 3)`;
    case "json":
      return `CASE WHEN starts_with(${value}, '{') OR starts_with(${value}, '[') THEN ${value}::JSON END`;
    case "integer":
    case "double":
    case "boolean":
    case "timestamp":
    case "timestamptz":
    case "date":
    case "hash":
      return `lr_${type}(${value})`;
    default:
      throw new RouterError("INTERNAL", `no checked cast to ${type}`);
  }
}
