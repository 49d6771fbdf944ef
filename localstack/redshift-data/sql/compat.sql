-- What Redshift has and PostgreSQL has not, as far as the router uses it. Loaded into every database of the stand-in.
CREATE SCHEMA rs;

-- SUPER is jsonb here. Navigation is lax: whatever is not there is NULL.
CREATE FUNCTION rs.nav(value jsonb, path text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
  $$ SELECT nullif(value #> path, 'null'::jsonb) $$;

CREATE FUNCTION rs.json_typeof(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_typeof(value) $$;
CREATE FUNCTION rs.is_varchar(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) = 'string', false) $$;
CREATE FUNCTION rs.is_boolean(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) = 'boolean', false) $$;
CREATE FUNCTION rs.is_object(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) = 'object', false) $$;
CREATE FUNCTION rs.is_array(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) = 'array', false) $$;
CREATE FUNCTION rs.is_scalar(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) NOT IN ('object', 'array'), false) $$;
-- Whole numbers of SUPER fall into the smallest type that holds them: SMALLINT, INTEGER, BIGINT; others are DECIMAL or DOUBLE.
CREATE FUNCTION rs.whole(value jsonb, low numeric, high numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  $$ SELECT coalesce(jsonb_typeof(value) = 'number' AND scale((value #>> '{}')::numeric) = 0 AND (value #>> '{}')::numeric BETWEEN low AND high, false) $$;
CREATE FUNCTION rs.is_smallint(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT rs.whole(value, -32768, 32767) $$;
CREATE FUNCTION rs.is_integer(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT rs.whole(value, -2147483648, 2147483647) $$;
CREATE FUNCTION rs.is_bigint(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT rs.whole(value, -9223372036854775808, 9223372036854775807) $$;
CREATE FUNCTION rs.is_decimal(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) = 'number', false) $$;
CREATE FUNCTION rs.is_float(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(jsonb_typeof(value) = 'number', false) $$;
CREATE FUNCTION rs.get_array_length(value jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN jsonb_typeof(value) = 'array' THEN jsonb_array_length(value) END $$;
CREATE FUNCTION rs.json_size(value jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT octet_length(value::text)::bigint $$;

CREATE FUNCTION rs.json_parse(value text) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT value::jsonb $$;
CREATE FUNCTION rs.can_json_parse(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM value::jsonb; RETURN value IS NOT NULL; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
-- JSON_SERIALIZE gives VARCHAR: longer than 65,535 bytes is an error.
CREATE FUNCTION rs.json_serialize(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF octet_length(value::text) > 65535 THEN RAISE EXCEPTION 'JSON serialization exceeds maximum VARCHAR length'; END IF;
  RETURN value::text;
END $$;

CREATE FUNCTION rs.super_array(VARIADIC items anyarray) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT to_jsonb(items) $$;
CREATE FUNCTION rs.super_array() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT '[]'::jsonb $$;
CREATE FUNCTION rs.super_object(VARIADIC pairs text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT jsonb_object(pairs) $$;
CREATE FUNCTION rs.array_concat(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT a || b $$;
CREATE FUNCTION rs.sha2(value text, bits integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT encode(CASE bits WHEN 224 THEN sha224(convert_to(value, 'UTF8')) WHEN 384 THEN sha384(convert_to(value, 'UTF8'))
       WHEN 512 THEN sha512(convert_to(value, 'UTF8')) ELSE sha256(convert_to(value, 'UTF8')) END, 'hex') $$;
CREATE FUNCTION rs.getdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC') $$;
CREATE FUNCTION rs.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT coalesce(nullif(current_setting('rs.last_copy_count', true), '')::bigint, 0) $$;
CREATE FUNCTION rs.pg_last_copy_id() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT coalesce(nullif(current_setting('rs.last_copy_id', true), '')::bigint, -1) $$;

-- Casts. From SUPER: a string is its text, a scalar its value, an object or array NULL. Text is cut at a character boundary by bytes.
CREATE FUNCTION rs.cut(value text, bytes integer) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE result text := value;
BEGIN
  IF octet_length(value) <= bytes THEN RETURN value; END IF;
  result := left(value, bytes);
  WHILE octet_length(result) > bytes LOOP result := left(result, char_length(result) - 1); END LOOP;
  RETURN result;
END $$;
CREATE FUNCTION rs.to_varchar(value jsonb, bytes integer) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN jsonb_typeof(value) IN ('object', 'array') THEN NULL ELSE rs.cut(value #>> '{}', bytes) END $$;
CREATE FUNCTION rs.to_varchar(value text, bytes integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT rs.cut(value, bytes) $$;
CREATE FUNCTION rs.to_varchar(value anynonarray, bytes integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT rs.cut(value::text, bytes) $$;
CREATE FUNCTION rs.from_super(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN jsonb_typeof(value) IN ('object', 'array') THEN NULL ELSE value #>> '{}' END $$;
CREATE FUNCTION rs.from_super(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION rs.from_super(value anynonarray) RETURNS anynonarray LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION rs.to_super(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT value $$;
CREATE FUNCTION rs.to_super(value anynonarray) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT to_jsonb(value) $$;

-- The catalog views that say types as Redshift does: kept in the comments of columns by the stand-in's DDL.
CREATE VIEW rs.svv_columns AS
  SELECT current_database()::text AS table_catalog, n.nspname::text AS table_schema, rs_full.table_name, rs_full.column_name,
         a.attnum::integer AS ordinal_position,
         split_part(split_part(coalesce(col_description(c.oid, a.attnum), ''), '|', 1), '(', 1) AS data_type,
         nullif(substring(split_part(col_description(c.oid, a.attnum), '|', 1) from 'character[a-z ]*\((\d+)\)'), '')::integer AS character_maximum_length,
         split_part(col_description(c.oid, a.attnum), '|', 2) AS encoding
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid,
       LATERAL (SELECT c.relname::text AS table_name, a.attname::text AS column_name) rs_full
  WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'rs');

CREATE TABLE rs.sys_load_history (query_id bigint, session_id integer, status text, table_name text, start_time timestamp, end_time timestamp,
  loaded_rows bigint, loaded_bytes bigint, source_file_count bigint, error_count bigint, data_source text);
CREATE TABLE rs.sys_load_error_detail (user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name text, table_id integer,
  start_time timestamp, file_name text, line_number bigint, column_name text, column_type text, column_length text, position integer,
  error_code integer, error_message text);
CREATE SEQUENCE rs.query_ids;
