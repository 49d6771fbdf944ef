import assert from "node:assert/strict";
import fc from "fast-check";
import {
  columnName,
  comparePaths,
  Names,
  snakeCase,
  SYSTEM_COLUMNS,
  tableName,
} from "../../../shared/schema/names.ts";

const GOOD = /^[a-z_][a-z0-9_]{0,126}$/;

describe("names", () => {
  for (const [text, expected] of [
    ["userID", "user_id"],
    ["UserIDs", "user_ids"],
    ["ProcessId", "process_id"],
    ["ProcessID", "process_id"],
    ["PROCESSID", "processid"],
    ["HTTPServerName", "http_server_name"],
    ["eventName", "event_name"],
    ["EVENT_NAME", "event_name"],
    ["s3BucketName", "s3_bucket_name"],
    ["sha256Hash", "sha256_hash"],
    ["EC2Instance", "ec2_instance"],
    ["sourceIPAddress", "source_ip_address"],
    ["srcIPv4", "src_ipv4"],
    ["OAuth2Token", "oauth2_token"],
    ["@version", "version"],
    ["@timestamp", "timestamp"],
    ["FM#01", "fm_01"],
    ["s3:x-amz-acl", "s3_x_amz_acl"],
    ["Default SD String:", "default_sd_string"],
    ["a..b__c", "a_b_c"],
    ["_id", "_id"],
    ["__typename", "_typename"],
    ["id_", "id"],
    ["Größe", "grosse"],
    ["Ærø", "aero"],
    ["naïve café", "naive_cafe"],
    ["ﬁle①", "file1"],
    ["日本", ""],
    ["😀", ""],
    ["-", ""],
    ["", ""],
  ] as const) {
    it(`writes ${JSON.stringify(text)} as ${JSON.stringify(expected)}`, () => {
      assert.equal(snakeCase(text), expected);
    });
  }

  for (const [path, expected] of [
    [["user", "id"], "user_id"],
    [["user", "_id"], "user_id"],
    [["_source", "_id"], "_source_id"],
    [["memcap.pressure"], "memcap_pressure"],
    [["memcap", "pressure"], "memcap_pressure"],
    [["Event", "EventData", "#text"], "event_event_data_text"],
    [["1st"], "_1st"],
    [["a", "1st"], "a_1st"],
    [["😀"], "field"],
    [["😀", "a"], "a"],
    [["a", "😀"], "a"],
    [[], "payload"],
    [["_"], "field"],
    [["select"], "select"],
    [["_lr_source"], "lr_source"],
    [["_lr", "source"], "lr_source"],
    [["_lr"], "lr"],
    [["_LR_SOURCE"], "lr_source"],
  ] as const) {
    it(`names the path ${JSON.stringify(path)} ${expected}`, () => {
      assert.equal(columnName(path), expected);
    });
  }

  it("names tables after event types", () => {
    assert.equal(tableName("cowrie.direct-tcpip.data"), "cowrie_direct_tcpip_data");
    assert.equal(tableName("22120"), "_22120");
    assert.equal(tableName("-5"), "_5");
    assert.equal(tableName("-"), "event");
    assert.equal(tableName("../../etc/passwd"), "etc_passwd");
    assert.equal(tableName("_lr_other"), "lr_other");
  });

  it("numbers names that are taken, without regard to case", () => {
    const names = new Names(["Price", "price_2"]);

    assert.deepEqual(
      [names.take("price"), names.take("price"), names.take("cost")],
      ["price_3", "price_4", "cost"],
    );
  });

  it("never gives out system columns and the names that Redshift keeps", () => {
    const names = new Names([]);

    for (const name of [
      ...SYSTEM_COLUMNS,
      "oid",
      "tableoid",
      "xmin",
      "cmin",
      "xmax",
      "cmax",
      "ctid",
      "rowid",
    ]) {
      assert.equal(names.take(name), `${name}_2`);
    }
  });

  it("cuts names over 127 bytes and numbers them from 1", () => {
    const names = new Names([]);
    const long = "x".repeat(300);

    assert.equal(names.take("y".repeat(127)), "y".repeat(127));
    assert.equal(names.take(long), `${"x".repeat(125)}_1`);
    assert.equal(names.take(`${long}z`), `${"x".repeat(125)}_2`);
    assert.equal(names.take("y".repeat(127)), `${"y".repeat(125)}_2`);
  });

  it("gives any keys names that every warehouse takes and that differ", () => {
    const key = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("_", "l", "r", "I", "D", "1", ".", "é", "😀") }),
      fc.constantFrom("_lr_source", "_lr", "oid", "__proto__", "constructor", "x".repeat(200)),
    );
    fc.assert(
      fc.property(fc.array(fc.array(key, { maxLength: 3 }), { maxLength: 30 }), (paths) => {
        const names = new Names([]);
        const taken = paths.map((path) => names.take(columnName(path)));

        assert.equal(new Set(taken).size, taken.length);
        for (const name of taken) {
          assert.match(name, GOOD);
          assert.ok(!name.startsWith("_lr_"), name);
        }
      }),
    );
  });

  it("orders paths key by key", () => {
    const sorted = [["b"], ["a", "b"], ["a"], ["a", "a", "z"], []].toSorted(comparePaths);

    assert.deepEqual(sorted, [[], ["a"], ["a", "a", "z"], ["a", "b"], ["b"]]);
  });
});
