-- What Redshift has and PostgreSQL has not, as far as the router uses it. Loaded into every database of the stand-in.
CREATE SCHEMA rs;

-- SUPER is jsonb here. Navigation is lax: whatever is not there is NULL.
CREATE FUNCTION rs.nav(value jsonb, path text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
  $$ SELECT nullif(value #> path, 'null'::jsonb) $$;

-- The elements of an array that FROM unnests; of anything else there are none.
CREATE FUNCTION rs.elements(value jsonb) RETURNS SETOF jsonb LANGUAGE sql IMMUTABLE AS
  $$ SELECT jsonb_array_elements(CASE WHEN jsonb_typeof(value) = 'array' THEN value ELSE '[]'::jsonb END) $$;

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

CREATE FUNCTION rs.has_twins(value json) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF json_typeof(value) = 'array' THEN RETURN (SELECT coalesce(bool_or(rs.has_twins(item)), false) FROM json_array_elements(value) item); END IF;
  IF json_typeof(value) <> 'object' THEN RETURN false; END IF;
  RETURN (SELECT count(*) <> count(DISTINCT m.key) OR coalesce(bool_or(rs.has_twins(m.value)), false) FROM json_each(value) m);
END $$;
-- A key twice in an object is an error, unless json_parse_dedup_attributes keeps the last.
CREATE FUNCTION rs.json_parse(value text) RETURNS jsonb LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
  IF coalesce(current_setting('rs.dedup', true), '') <> 'on' AND rs.has_twins(value::json) THEN
    RAISE EXCEPTION 'JSON parsing error: duplicate keys in an object';
  END IF;
  RETURN value::jsonb;
END $$;
-- Redshift has no views that can be written to.
CREATE FUNCTION rs.no_writes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cannot change a view'; END $$;
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
CREATE FUNCTION rs.array_concat(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT a || b $$;
CREATE FUNCTION rs.sha2(value text, bits integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT encode(CASE bits WHEN 224 THEN sha224(convert_to(value, 'UTF8')) WHEN 384 THEN sha384(convert_to(value, 'UTF8'))
       WHEN 512 THEN sha512(convert_to(value, 'UTF8')) ELSE sha256(convert_to(value, 'UTF8')) END, 'hex') $$;
CREATE FUNCTION rs.getdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC') $$;
-- SYSDATE is the start of the transaction, to the microsecond; GETDATE() that of the statement, to the second.
CREATE FUNCTION rs.sysdate() RETURNS timestamp LANGUAGE sql STABLE AS $$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;
-- Volatile, so that PostgreSQL works it out once a row, however often a query cuts pieces of it.
CREATE FUNCTION rs.json_serialize_to_varbyte(value jsonb) RETURNS bytea LANGUAGE sql VOLATILE AS $$ SELECT convert_to(value::text, 'UTF8') $$;
CREATE FUNCTION rs.to_hex(value bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT encode(value, 'hex') $$;
CREATE FUNCTION rs.to_varbyte(value text, format text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF lower(format) IN ('utf8', 'utf-8') THEN RETURN convert_to(value, 'UTF8'); END IF;
  IF lower(format) = 'hex' THEN RETURN decode(value, 'hex'); END IF;
  RAISE EXCEPTION 'the stand-in knows the formats utf8 and hex, not %', format;
END $$;
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

-- What Redshift knows of a column and PostgreSQL does not: its comment, in JSON {type, encode, name, keys} (column-definition.ts).
CREATE FUNCTION rs.note(tab oid, number smallint) RETURNS jsonb LANGUAGE sql STABLE AS
  $$ SELECT coalesce(col_description(tab, number), '{}')::jsonb $$;

CREATE FUNCTION rs.column_note(tab regclass, col text) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE found jsonb;
BEGIN
  SELECT rs.note(attrelid, attnum) INTO found FROM pg_attribute WHERE attrelid = tab AND attname = col AND NOT attisdropped;
  IF found IS NULL THEN RAISE EXCEPTION 'column "%" of relation "%" does not exist', col, tab; END IF;
  RETURN found;
END $$;

-- Adds to a column's note. `only_new`: not where there is one, and not of columns that the table has not.
CREATE FUNCTION rs.describe_column(tab regclass, col text, patch jsonb, only_new boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE old jsonb;
BEGIN
  SELECT rs.note(attrelid, attnum) INTO old FROM pg_attribute WHERE attrelid = tab AND attname = col AND NOT attisdropped;
  IF only_new AND (old IS NULL OR old <> '{}') THEN RETURN; END IF;
  IF old IS NULL THEN RAISE EXCEPTION 'column "%" of relation "%" does not exist', col, tab; END IF;
  EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', tab, col, (old || patch)::text);
END $$;

CREATE FUNCTION rs.describe_table(tab regclass, full_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(obj_description(tab, 'pg_class'), '') <> full_name THEN EXECUTE format('COMMENT ON TABLE %s IS %L', tab, full_name); END IF;
END $$;

-- The columns of a table that a query made.
CREATE FUNCTION rs.describe_columns(tab regclass) RETURNS void LANGUAGE sql AS $$
  SELECT rs.describe_column(tab, attname::text, jsonb_build_object('encode', 'auto', 'keys', '[]'::jsonb, 'name', NULL, 'type',
           CASE format_type(atttypid, NULL) WHEN 'jsonb' THEN 'super' WHEN 'text' THEN 'character varying(65535)' WHEN 'numeric' THEN 'numeric(38,0)'
             ELSE format_type(atttypid, NULL) END), true)
  FROM pg_attribute WHERE attrelid = tab AND attnum > 0 AND NOT attisdropped;
$$;

CREATE FUNCTION rs.check_drop(tab regclass, col text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF rs.column_note(tab, col)->'keys' ?| ARRAY['distkey', 'sortkey'] THEN
    RAISE EXCEPTION 'cannot drop column "%": it is a distribution or sort key', col;
  END IF;
END $$;

CREATE FUNCTION rs.check_keys(tab regclass, cols text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE col text;
BEGIN
  FOREACH col IN ARRAY cols LOOP
    IF rs.column_note(tab, col)->>'type' = 'super' THEN
      RAISE EXCEPTION 'column "%" of type SUPER cannot be a distribution or sort key', col;
    END IF;
  END LOOP;
END $$;

-- ALTER COLUMN … TYPE VARCHAR(n), with what the manual excludes. Existing data that is too long fails the new constraint.
CREATE FUNCTION rs.resize_column(tab regclass, col text, bytes integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  note jsonb := rs.column_note(tab, col);
  number smallint := (SELECT attnum FROM pg_attribute WHERE attrelid = tab AND attname = col);
  old text;
BEGIN
  IF note->>'type' NOT LIKE 'character varying%' THEN RAISE EXCEPTION 'column "%" is no VARCHAR column', col; END IF;
  IF note->>'encode' IN ('bytedict', 'runlength', 'text255', 'text32k') THEN
    RAISE EXCEPTION 'cannot alter column "%" with encoding %', col, note->>'encode';
  END IF;
  IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = tab AND attnum = number AND atthasdef) THEN
    RAISE EXCEPTION 'cannot alter type of column "%": it has a default value', col;
  END IF;
  IF note->'keys' ? 'constraint' THEN
    RAISE EXCEPTION 'cannot alter type of column "%": it has a PRIMARY KEY, UNIQUE or FOREIGN KEY constraint', col;
  END IF;
  SELECT conname INTO old FROM pg_constraint WHERE conrelid = tab AND contype = 'c' AND conkey = ARRAY[number];
  IF old IS NOT NULL THEN EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', tab, old); END IF;
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (octet_length(rtrim(%I, '' '')) <= %s)', tab,
    format('rs_bytes_%s_%s', bytes, substr(md5(random()::text), 1, 12)), col, bytes);
  PERFORM rs.describe_column(tab, col, jsonb_build_object('type', format('character varying(%s)', bytes)), false);
END $$;

-- The catalog views, which say names and types as Redshift does.
CREATE VIEW rs.svv_tables AS
  SELECT current_database()::text AS table_catalog, n.nspname::text AS table_schema,
         coalesce(nullif(obj_description(c.oid, 'pg_class'), ''), c.relname::text) AS table_name,
         CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type, ''::text AS remarks
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'rs');

CREATE VIEW rs.svv_columns AS
  SELECT current_database()::text AS table_catalog, n.nspname::text AS table_schema,
         coalesce(nullif(obj_description(c.oid, 'pg_class'), ''), c.relname::text) AS table_name,
         coalesce(rs.note(c.oid, a.attnum)->>'name', a.attname::text) AS column_name,
         a.attnum::integer AS ordinal_position,
         pg_get_expr(d.adbin, d.adrelid) AS column_default,
         CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
         split_part(rs.note(c.oid, a.attnum)->>'type', '(', 1) AS data_type,
         substring(rs.note(c.oid, a.attnum)->>'type' from 'character[a-z ]*\((\d+)\)')::integer AS character_maximum_length,
         substring(rs.note(c.oid, a.attnum)->>'type' from 'numeric\((\d+)')::integer AS numeric_precision,
         substring(rs.note(c.oid, a.attnum)->>'type' from 'numeric\(\d+,(\d+)')::integer AS numeric_scale,
         ''::text AS remarks
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'rs');

-- Texts are CHAR, so blanks follow them: whoever shows or compares them has to TRIM.
CREATE TABLE rs.sys_load_history (user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name text,
  status text, table_name text, start_time timestamp, end_time timestamp, duration bigint, data_source text, file_format text,
  loaded_rows bigint, loaded_bytes bigint, source_file_count integer, source_file_bytes bigint, file_count_scanned integer, error_count bigint);
CREATE TABLE rs.sys_load_error_detail (user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name text, table_id integer,
  start_time timestamp, file_name character(256), line_number bigint, column_name character(127), column_type character(10),
  column_length character(10), position integer, error_code integer, error_message character(512));
CREATE SEQUENCE rs.query_ids;

-- SHOW TABLE, without keys and styles.
CREATE FUNCTION rs.show_table(tab regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('CREATE TABLE %s.%s (%s);', quote_ident(n.nspname), quote_ident(coalesce(nullif(obj_description(c.oid, 'pg_class'), ''), c.relname::text)),
    (SELECT string_agg(format(E'\n    %s %s%s%s', quote_ident(coalesce(rs.note(c.oid, attnum)->>'name', attname::text)), rs.note(c.oid, attnum)->>'type',
       CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, ' ENCODE ' || (rs.note(c.oid, attnum)->>'encode')), ',' ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = tab $$;
