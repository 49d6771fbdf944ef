import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  operatorMessage,
  parseNotification,
  s3Notification,
  type Notification,
  type NotifiedObject,
} from "../../../shared/contracts/notification.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";

const fixtures = new URL("../../fixtures/notifications/", import.meta.url);
const fixture = (name: string): string => readFileSync(new URL(`${name}.json`, fixtures), "utf8");

function objects(...list: NotifiedObject[]): Notification {
  return { kind: "objects", objects: list, ignored: 0 };
}

const bucket = "shop-logs";
const sequencer = "0055AED6DCD90281E5";
const encodedKey = objects({
  bucket,
  key: `raw/a b+c=é/100% 😀/x"y'.json`,
  bytes: 5,
  etag: "5d41402abc4b2a76b9719d911017c592",
  sequencer,
});

const cases: Record<string, Notification> = {
  "s3-put": objects({
    bucket,
    key: "web/2026/11/20/events-0917.ndjson.gz",
    bytes: 10_485_760,
    etag: "d41d8cd98f00b204e9800998ecf8427e",
    sequencer,
  }),
  "s3-multipart-versioned": objects({
    bucket,
    key: "web/big.ndjson.zst",
    versionId: "096fKKXTRTtl3on89fVO.nfljtsv6qko",
    bytes: 7_516_192_768,
    etag: "9b2cf535f27731c974343645a3985328-448",
    sequencer,
  }),
  "s3-several-records": {
    kind: "objects",
    objects: [
      { bucket, key: "a/one.json", bytes: 1, etag: "1".repeat(32), sequencer },
      { bucket, key: "a/two.json", bytes: 2, etag: "2".repeat(32), sequencer },
    ],
    ignored: 1,
  },
  "s3-removed": { kind: "objects", objects: [], ignored: 1 },
  "s3-encoded-key": encodedKey,
  "s3-unified-version": objects({
    bucket,
    key: "web/new.json",
    bytes: 3,
    etag: "900150983cd24fb0d6963f7d28e17f72",
    sequencer,
  }),
  "s3-test-event": { kind: "test" },
  "sns-envelope": encodedKey,
  "sns-test-event": { kind: "test" },
  "sns-subscription": { kind: "foreign", reason: "an SNS subscription waits for its confirmation" },
  "eventbridge-created": objects({
    bucket,
    key: "web/a b+c=é/100%.json",
    versionId: "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
    bytes: 5,
    etag: "b1946ac92492d2347c6235b4d2611184",
    sequencer: "617f08299329d189",
  }),
  "eventbridge-deleted": { kind: "objects", objects: [], ignored: 1 },
};

/** A native message with one record, changed by the test. */
function native(change: (record: Record<string, unknown>, object: Record<string, unknown>) => void): string {
  const message = JSON.parse(fixture("s3-put"));
  change(message.Records[0], message.Records[0].s3.object);
  return JSON.stringify(message);
}

describe("parseNotification", () => {
  for (const [name, expected] of Object.entries(cases)) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseNotification(fixture(name)), expected);
    });
  }

  it("reads EventBridge through SNS", () => {
    const envelope = JSON.parse(fixture("sns-envelope"));
    envelope.Message = fixture("eventbridge-created");

    assert.deepEqual(parseNotification(JSON.stringify(envelope)), cases["eventbridge-created"]);
  });

  it("takes quotes off an ETag and leaves out sizes that are none", () => {
    const parsed = parseNotification(
      native((_, object) => {
        object["eTag"] = '"abc"';
        object["size"] = -1;
        delete object["sequencer"];
      }),
    );

    assert.deepEqual(parsed, objects({ bucket, key: "web/2026/11/20/events-0917.ndjson.gz", etag: "abc" }));
  });

  describe("calls foreign, with the reason and none of the text,", () => {
    const foreign: Record<string, string> = {
      "what is not JSON": "Hello {",
      "an empty body": "",
      "an array": "[1]",
      "a string": '"Records"',
      null: "null",
      "an object of another kind": '{"secret":1}',
      "Records of another shape": '{"Records":{"0":1}}',
      "records that are not objects": '{"Records":[null]}',
      "records of another service": native((record) => (record["eventSource"] = "aws:ses")),
      "a version from the future": native((record) => (record["eventVersion"] = "3.0")),
      "a record without a version": native((record) => delete record["eventVersion"]),
      "a record without an object": native((record) => (record["s3"] = { bucket: { name: "b" } })),
      "an empty key": native((_, object) => (object["key"] = "")),
      "a key that is a number": native((_, object) => (object["key"] = 5)),
      "a broken percent escape": native((_, object) => (object["key"] = "100%")),
      "percent escapes that are not UTF-8": native((_, object) => (object["key"] = "%ff%fe")),
      "an escape cut short": native((_, object) => (object["key"] = "a%2")),
      "members of the prototype only": '{"__proto__":{"Records":[]},"constructor":{}}',
      "an envelope in an envelope in an envelope in an envelope": [1, 2, 3, 4].reduce(
        (inner) => JSON.stringify({ Type: "Notification", TopicArn: "t", Message: inner }),
        fixture("s3-put"),
      ),
      "an envelope without a message": '{"Type":"Notification","TopicArn":"t"}',
      "an EventBridge event without an object":
        '{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"}}}',
      "a body of 5 MB": `{"Records":["${"x".repeat(5_000_000)}"]}`,
      "an operator's verb that is unknown": operatorMessage("salvage", "b", "k", 1).replace("salvage", "rm"),
      "an operator's message of another version": operatorMessage("force", "b", "k", 1).replace(":1,", ":2,"),
      "an operator's negative generation": operatorMessage("force", "b", "k", -1),
      "an operator's generation beyond all integers": operatorMessage("force", "b", "k", 2 ** 53),
      "an operator's empty key": operatorMessage("force", "b", "", 0),
    };
    for (const [what, body] of Object.entries(foreign)) {
      it(what, () => {
        const parsed = parseNotification(body);

        assert.equal(parsed.kind, "foreign");
        assert.ok(
          parsed.kind === "foreign" && parsed.reason.length < 100 && !parsed.reason.includes("secret"),
        );
      });
    }
  });

  it("keeps names like __proto__ as they are", () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      const parsed = parseNotification(s3Notification(name, name, 1, name));
      assert.deepEqual(parsed, objects({ bucket: name, key: name, bytes: 1, etag: name }));
    }
  });

  it("never throws, whatever JSON it is given", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (body) => {
        assert.ok(["foreign", "objects", "test"].includes(parseNotification(body).kind));
      }),
    );
  });

  it("never throws when any member of a real message is replaced by anything", () => {
    const replaced = fc.tuple(fc.constantFrom(...Object.keys(cases)), fc.nat(), fc.jsonValue());
    fc.assert(
      fc.property(replaced, ([name, index, value]) => {
        let seen = 0;
        const body = JSON.stringify(
          JSON.parse(fixture(name), (_key, old: unknown) => (seen++ === index % 40 ? value : old)),
        );
        parseNotification(body);
      }),
    );
  });
});

describe("s3Notification", () => {
  it("is read back as it was meant, for any key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.nat(), (key, bytes) => {
        const etag = "0123456789abcdef0123456789abcdef";
        const parsed = parseNotification(s3Notification("local", key, bytes, etag, { sequencer: "0A" }));
        assert.deepEqual(parsed, objects({ bucket: "local", key, bytes, etag, sequencer: "0A" }));
      }),
    );
  });

  it("encodes keys as S3 does: form encoding, slashes kept", () => {
    const message = JSON.parse(s3Notification("b", "/var/log/a b+c=é(1)~%.json", 1, "e"));

    assert.equal(message.Records[0].s3.object.key, "/var/log/a+b%2Bc%3D%C3%A9%281%29%7E%25.json");
  });

  it("refuses a key that no UTF-8 name can hold", () => {
    assert.throws(
      () => s3Notification("b", "a\ud800", 1, "e"),
      (error) => isRouterError(error, "OBJECT_KEY_REFUSED"),
    );
  });
});

describe("operatorMessage", () => {
  it("is read back as it was meant", () => {
    for (const verb of ["salvage", "force"] as const) {
      const parsed = parseNotification(operatorMessage(verb, "local", "/a b/__proto__", 3));
      assert.deepEqual(parsed, { kind: "verb", verb, bucket: "local", key: "/a b/__proto__", generation: 3 });
    }
  });
});
