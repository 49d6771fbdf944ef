// What documents and stored results say of the kill matrix is what the code has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deliveryGuaranteesPage } from "../../scripts/docs/kill-matrix.ts";
import { KILL_POINTS, plannedKills } from "./matrix/points.ts";
import { runName, storedResults } from "./matrix/results.ts";
import { isGood } from "./matrix/run-point.ts";
import { WireReader } from "./matrix/wire.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/delivery-guarantees.md"), "utf8");

describe("kill points", () => {
  it("have a name of their own in their worker, and a reason", () => {
    const names = KILL_POINTS.map(({ worker, name }) => `${worker} ${name}`);

    assert.equal(new Set(names).size, names.length);
    for (const { name, after, why } of KILL_POINTS) {
      assert.match(name, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(after !== "" && why !== "" && !`${after}${why}`.includes("|"), name);
    }
  });

  it("stand in docs/delivery-guarantees.md, all of them and no others, as the last run left them", () => {
    assert.equal(page, deliveryGuaranteesPage());
    const documented = [...page.matchAll(/^\| `([a-z-]+)` \| .* \| \d(st|nd|rd|th) /gm)].map(
      (match) => match[1],
    );
    assert.deepEqual(
      documented,
      KILL_POINTS.map(({ name }) => name),
    );
  });

  it("were all survived in the last run of the whole matrix", () => {
    const { outcomes } = storedResults();

    assert.deepEqual(
      outcomes.filter(isGood).map(runName),
      plannedKills().map(({ point: { worker, name: point }, occurrence }) =>
        runName({ worker, point, occurrence }),
      ),
    );
  });
});

describe("what goes over the wire", () => {
  const answer = (body: object, status = 200) => ({
    status,
    headers: {},
    body: Buffer.from(JSON.stringify(body)),
  });
  const json = (target: string, body: object) => ({
    method: "POST",
    url: "/",
    operation: target.replace(/^.*\./, ""),
    headers: { "x-amz-target": target },
    body: Buffer.from(JSON.stringify(body)),
  });

  it("is told in the services' own words", () => {
    const wire = new WireReader();
    const s3 = (method: string, url: string) => {
      const proxied = { method, url, operation: "", headers: {}, body: Buffer.alloc(0) };
      const { service, operation, bucket, key } = wire.answered(proxied, answer({}));
      return [service, operation, bucket, key];
    };

    assert.deepEqual(s3("PUT", "/b/parts/a%20b?x-id=PutObject"), ["s3", "PutObject", "b", "parts/a b"]);
    assert.deepEqual(s3("PUT", "/b/k?partNumber=1&uploadId=2"), ["s3", "UploadPart", "b", "k"]);
    assert.deepEqual(s3("POST", "/b/k?uploads"), ["s3", "CreateMultipartUpload", "b", "k"]);
    assert.deepEqual(s3("POST", "/b/k?uploadId=2"), ["s3", "CompleteMultipartUpload", "b", "k"]);
    assert.deepEqual(s3("GET", "/b?list-type=2&prefix=p"), ["s3", "ListObjectsV2", "b", ""]);
    assert.deepEqual(s3("HEAD", "/b/k"), ["s3", "HeadObject", "b", "k"]);
    const receive = json("AmazonSQS.ReceiveMessage", { QueueUrl: "http://h/0/split-dead-0011aabb" });
    const messages = [{ Body: "a", ReceiptHandle: "1" }];
    const { queue, bodies } = wire.answered(receive, answer({ Messages: messages }));
    assert.deepEqual([queue, bodies], ["split-dead", ["a"]]);
    const gone = json("AmazonSQS.DeleteMessageBatch", {
      QueueUrl: "q",
      Entries: [{ Id: "0", ReceiptHandle: "1" }],
    });
    assert.deepEqual(wire.request(gone).bodies, ["a"]);
  });

  it("knows the statement behind an id", () => {
    const wire = new WireReader();
    const sent = { StatementName: "log-router load ab orders", Sqls: ["LOCK TABLE x", "COPY y"] };
    wire.answered(json("RedshiftData.BatchExecuteStatement", sent), answer({ Id: "1-2" }));
    const asked = json("RedshiftData.DescribeStatement", { Id: "1-2:2" });

    const { run, sql, state } = wire.answered(asked, answer({ Status: "FINISHED" }));

    assert.deepEqual([run, sql, state], ["load ab orders", "LOCK TABLE x;\nCOPY y", "FINISHED"]);
  });
});
