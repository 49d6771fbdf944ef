// AWS.md 1 and 10, "COPY": manifests, compression, all or nothing, the command itself.
import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { lines, openCopies, ROLE, type Copies, type Load } from "./copy-loads.ts";
import type { StandInRig } from "../../helpers/stand-in.ts";

describe("stand-in: COPY, files", function () {
  this.timeout(30_000);
  let copies: Copies;
  let count = 0;
  let rig: StandInRig;
  before(async () => {
    copies = await openCopies();
    rig = copies.rig;
  });
  after(() => copies[Symbol.asyncDispose]());
  const loaded = (load: Load, select?: string) => copies.loaded(load, select);
  const failed = (load: Load) => copies.failed(load);
  const prepare = (load: Load) => copies.prepare(load);

  describe("files", () => {
    async function manifest(
      entries: unknown,
      options = "",
      columns = "a BIGINT",
    ): Promise<{ table: string; sql: string }> {
      const table = `m${(count += 1)}`;
      await rig.ok(`CREATE TABLE ${table} (${columns})`);
      const url = rig.s3.put(
        `s3://bucket/manifests/${table}`,
        typeof entries === "string" ? entries : JSON.stringify({ entries }),
      );
      return { table, sql: `COPY ${table} FROM '${url}' ${ROLE} JSON 'auto' ${options}` };
    }
    const rowsOf = async (entries: unknown) => {
      const { table, sql } = await manifest(entries, "MANIFEST");
      await rig.ok(sql);
      return rig.rows(`SELECT a FROM ${table} ORDER BY a`);
    };
    before(() => {
      rig.s3.put("s3://bucket/files/one", '{"a":1}');
      rig.s3.put("s3://other/files/two", '{"a":2}');
      rig.s3.put("s3://bucket/files/a b+c=é%20", '{"a":3}');
    });

    it("of a manifest are loaded, from several buckets, keys as they are", async () => {
      const entries = ["s3://bucket/files/one", "s3://other/files/two", "s3://bucket/files/a b+c=é%20"];
      assert.deepEqual(
        await rowsOf(entries.map((url) => ({ url, mandatory: true, meta: { content_length: 7 } }))),
        [[1], [2], [3]],
      );
    });

    it("listed twice are loaded twice", async () => {
      const entry = { url: "s3://bucket/files/one", mandatory: true };
      assert.deepEqual(await rowsOf([entry, entry]), [[1], [1]]);
    });

    it("that are missing fail the load when mandatory, are left out when not, and fail it when there is none", async () => {
      const [one, none] = [{ url: "s3://bucket/files/one" }, { url: "s3://bucket/files/none" }];
      assert.deepEqual(await rowsOf([one, none]), [[1]]);

      for (const entries of [[one, { ...none, mandatory: true }], [none], []]) {
        const { table, sql } = await manifest(entries, "MANIFEST");
        assert.match(await rig.refused(sql), /does not exist/);
        assert.deepEqual(await rig.rows(`SELECT COUNT(*) FROM ${table}`), [[0]]);
      }
    });

    it("of a manifest are whole keys, never prefixes", async () => {
      const { sql } = await manifest([{ url: "s3://bucket/files/", mandatory: true }], "MANIFEST");
      assert.match(await rig.refused(sql), /does not exist/);
      assert.match(
        await rig.refused((await manifest([{ url: "files/one", mandatory: true }], "MANIFEST")).sql),
        /8001/,
      );
    });

    it("without the word MANIFEST are the manifest itself", async () => {
      const { table, sql } = await manifest([{ url: "s3://bucket/files/one", mandatory: true }]);
      await rig.ok(sql);

      assert.deepEqual(await rig.rows(`SELECT a FROM ${table}`), [[null]]);
    });

    it("that are no manifest fail", async () => {
      for (const text of ["nothing", '{"entries":1}', "{}", '{"entries":[{}]}'])
        assert.match(await rig.refused((await manifest(text, "MANIFEST")).sql), /manifest/);
    });

    it("are all that begin with the prefix, without a manifest", async () => {
      for (const [name, a] of [
        ["x.json", 1],
        ["x.json.bak", 2],
        ["x.json2", 3],
        ["y.json", 4],
      ] as const)
        rig.s3.put(`s3://bucket/prefix/${name}`, lines({ a }));
      await rig.ok("CREATE TABLE prefixed (a BIGINT)");
      await rig.ok(`COPY prefixed FROM 's3://bucket/prefix/x.json' ${ROLE} JSON 'auto'`);

      assert.deepEqual(await rig.rows("SELECT a FROM prefixed ORDER BY a"), [[1], [2], [3]]);
      assert.match(
        await rig.refused(`COPY prefixed FROM 's3://bucket/nothing/' ${ROLE} JSON 'auto'`),
        /does not exist/,
      );
    });

    it("are compressed as the option says, in several members or frames too, and otherwise fail", async () => {
      const text = lines({ a: 1 });
      const gzip = Buffer.concat([gzipSync(text), gzipSync(text)]);
      const zstd = Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)]);
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: gzip, options: "GZIP" }), [[1], [1]]);
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: zstd, options: "ZSTD" }), [[1], [1]]);

      assert.match((await failed({ columns: "a BIGINT", data: gzip, options: "ZSTD" })).error, /ZSTD/);
      assert.match((await failed({ columns: "a BIGINT", data: text, options: "GZIP" })).error, /GZIP/);
      assert.match((await failed({ columns: "a BIGINT", data: gzip })).details[0]!, /^12/);
      assert.match(
        (await failed({ columns: "a BIGINT", data: zstd.subarray(0, -3), options: "ZSTD" })).error,
        /ZSTD/,
      );
    });
  });

  describe("all or nothing", () => {
    const many = (bad: number) =>
      Array.from({ length: 5000 }, (_, n) => (n === bad ? '{"a":"x"}' : `{"a":${n}}`)).join("\n");

    it("leaves no row of a failed load, and its load errors, alone and in a batch", async () => {
      const refusal = await failed({ columns: "a BIGINT", data: many(4500) });
      assert.equal(refusal.rows, 0);
      assert.equal(refusal.details.length, 1);
      assert.match(refusal.details[0]!, /^1207 4501 a Invalid digit/);
      assert.match(
        refusal.error,
        /^ERROR: Load into table 'c\d+' failed\. .*sys_load_error_detail.* \[ErrorId: 1-/,
      );

      const { table, sql, url } = await prepare({ columns: "a BIGINT", data: many(4500) });
      const ran = await rig.batch([`INSERT INTO ${table} VALUES (1)`, sql]);
      assert.equal(ran.status, "FAILED");
      assert.deepEqual(await rig.rows(`SELECT COUNT(*) FROM ${table}`), [[0]]);
      assert.deepEqual(
        await rig.rows(
          `SELECT COUNT(*), MAX(session_id) = ${ran.description.RedshiftPid} FROM sys_load_error_detail WHERE TRIM(file_name) = '${url}'`,
        ),
        [[1, true]],
      );
    });

    it("takes its rows back with the transaction", async () => {
      const { table, sql } = await prepare({ columns: "a BIGINT", data: many(-1) });
      await rig.batch([sql, "SELECT 1/0"]);

      assert.deepEqual(await rig.rows(`SELECT COUNT(*) FROM ${table}`), [[0]]);
    });

    it("keeps no memory of files: the same load again is the same rows again", async () => {
      const { table, sql } = await prepare({ columns: "a BIGINT", data: lines({ a: 1 }) });
      await rig.ok(sql);
      await rig.ok(sql);

      assert.deepEqual(await rig.rows(`SELECT a FROM ${table}`), [[1], [1]]);
    });

    it("says how many rows it loaded by pg_last_copy_count in the same call only, never by ResultRows", async () => {
      const { sql } = await prepare({ columns: "a BIGINT", data: many(-1) });
      const ran = await rig.ok(
        "SELECT pg_last_copy_id()",
        sql,
        "SELECT pg_last_copy_count()",
        "SELECT pg_last_copy_id() > 0",
      );

      assert.deepEqual(ran.results, [[[-1]], [], [[5000]], [[true]]]);
      assert.equal(ran.description.SubStatements?.[1]?.ResultRows, -1);
      assert.deepEqual(await rig.rows("SELECT pg_last_copy_count()"), [[0]]);
    });

    it("with MAXERROR loads what it can, up to as many errors, and keeps them", async () => {
      const data = '{"a":1}\n{"a":"x"}\n{"a":3}\n{"a":"y"}';
      const { table, sql, url } = await prepare({ columns: "a BIGINT", data, options: "MAXERROR 3" });
      const ran = await rig.ok(sql, "SELECT pg_last_copy_count()");

      assert.deepEqual(ran.results[1], [[2]]);
      assert.deepEqual(await rig.rows(`SELECT a FROM ${table} ORDER BY a`), [[1], [3]]);
      assert.deepEqual(
        await rig.rows(`SELECT COUNT(*) FROM sys_load_error_detail WHERE TRIM(file_name) = '${url}'`),
        [[2]],
      );
      assert.deepEqual(
        await rig.rows(
          `SELECT TRIM(status), loaded_rows, error_count FROM sys_load_history WHERE table_name = '${table}'`,
        ),
        [["completed", 2, 2]],
      );
      for (const options of ["MAXERROR 2", "MAXERROR 1", "MAXERROR 0"])
        assert.equal((await failed({ columns: "a BIGINT", data, options })).rows, 0);
    });

    it("NOLOAD checks and loads nothing", async () => {
      assert.deepEqual(await loaded({ columns: "a BIGINT", data: lines({ a: 1 }), options: "NOLOAD" }), []);
      assert.match(
        (await failed({ columns: "a BIGINT", data: '{"a":"x"}', options: "NOLOAD" })).details[0]!,
        /^1207/,
      );
    });

    it("pads the texts of load errors with blanks, as CHAR does", async () => {
      const { sql } = await prepare({ columns: "a BIGINT", data: '{"a":"x"}' });
      await rig.refused(sql);

      const rows = await rig.rows(
        "SELECT file_name, column_type FROM sys_load_error_detail ORDER BY query_id DESC LIMIT 1",
      );
      assert.equal(String(rows[0]![0]).length, 256);
      assert.equal(rows[0]![1], "int8      ");
    });
  });

  describe("the command", () => {
    before(() => rig.ok("CREATE TABLE target (a BIGINT)"));

    for (const options of [
      "CSV",
      "DELIMITER ','",
      "ESCAPE",
      "FILLRECORD",
      "FIXEDWIDTH 'a:1'",
      "IGNOREBLANKLINES",
      "NULL AS 'x'",
      "READRATIO 50",
      "REMOVEQUOTES",
      "GZIP ZSTD",
      "GZIP GZIP",
      "MAXERROR 100001",
      "MAXERROR 1 MAXERROR 2",
      "FLY",
      "CREDENTIALS 'x'",
      "FORMAT JSON 'auto' FORMAT JSON 'auto'",
    ])
      it(`refuses JSON with ${options}`, async () => {
        const json = options.startsWith("FORMAT") ? "" : "JSON 'auto'";
        assert.match(
          await rig.refused(`COPY target FROM 's3://bucket/files/one' ${ROLE} ${json} ${options}`),
          /ERROR/,
        );
      });

    it("takes its options in any order, REGION, COMPUPDATE and STATUPDATE among them", async () => {
      await rig.ok(
        `COPY target FROM 's3://bucket/files/one' COMPUPDATE OFF JSON AS 'auto' STATUPDATE OFF REGION AS 'eu-west-1' ${ROLE}`,
      );
      await rig.ok("COPY target FROM 's3://bucket/files/one' FORMAT AS JSON 'auto' IAM_ROLE default");
    });

    it("needs a role, a table that is there, and columns that are there", async () => {
      const from = "FROM 's3://bucket/files/one'";
      assert.match(await rig.refused(`COPY target ${from} JSON 'auto'`), /IAM_ROLE/);
      assert.match(await rig.refused(`COPY target ${from} JSON 'auto' IAM_ROLE 'admin'`), /ARN/);
      assert.match(
        await rig.refused(`COPY nothing ${from} ${ROLE} JSON 'auto'`),
        /Cannot COPY into nonexistent table nothing/,
      );
      assert.match(
        await rig.refused(`COPY no_schema.nothing ${from} ${ROLE} JSON 'auto'`),
        /Cannot COPY into nonexistent table/,
      );
      assert.match(await rig.refused(`COPY target (b) ${from} ${ROLE} JSON 'auto'`), /does not exist/);
      assert.match(await rig.refused(`COPY target (a, a) ${from} ${ROLE} JSON 'auto'`), /ERROR/);
    });
  });
});
