// Functions that Redshift has. Any other is refused, because PostgreSQL has hundreds of its own that a statement would lean on unnoticed.

/** Those that live in schema `rs` (compat.sql) or go by another name in PostgreSQL. */
const RENAMED: Readonly<Record<string, string>> = {
  nvl: "coalesce", len: "char_length", textlen: "char_length", json_parse: "rs.json_parse", can_json_parse: "rs.can_json_parse",
  json_serialize: "rs.json_serialize", json_typeof: "rs.json_typeof", is_integer: "rs.is_integer", is_bigint: "rs.is_bigint",
  is_smallint: "rs.is_smallint", is_decimal: "rs.is_decimal", is_float: "rs.is_float", is_varchar: "rs.is_varchar",
  is_boolean: "rs.is_boolean", is_object: "rs.is_object", is_array: "rs.is_array", is_scalar: "rs.is_scalar",
  get_array_length: "rs.get_array_length", json_size: "rs.json_size", array: "rs.super_array", object: "jsonb_build_object",
  array_concat: "rs.array_concat", sha2: "rs.sha2", pg_last_copy_count: "rs.pg_last_copy_count",
  pg_last_copy_id: "rs.pg_last_copy_id", getdate: "rs.getdate", json_serialize_to_varbyte: "rs.json_serialize_to_varbyte",
  to_varbyte: "rs.to_varbyte", to_hex: "rs.to_hex",
}; // prettier-ignore

/** Those that both have, under one name (database developer guide, "SQL functions reference"). */
const SHARED = new Set(
  `abs acos ascii asin atan atan2 avg bit_and bit_or bool_and bool_or btrim cbrt ceil ceiling char_length character_length chr coalesce concat
  cos count cume_dist current_database current_schema current_setting date_part date_trunc degrees dense_rank exp extract first_value floor
  greatest has_schema_privilege has_table_privilege initcap lag last_value lead least length ln log lower lpad ltrim max md5 min mod nth_value
  ntile nullif octet_length percent_rank pg_backend_pid pi position power quote_ident quote_literal radians random rank regexp_replace repeat
  replace reverse round row_number rpad rtrim set_config sign sin split_part sqrt stddev stddev_pop stddev_samp strpos substr substring sum tan
  to_char to_date to_number to_timestamp translate trim trunc upper var_pop var_samp variance version left right`.split(
    /\s+/,
  ),
);

/** What the function is called in PostgreSQL; undefined when Redshift has none of that name. */
export function functionName(name: string): string | undefined {
  return Object.hasOwn(RENAMED, name) ? RENAMED[name] : SHARED.has(name) ? name : undefined;
}
