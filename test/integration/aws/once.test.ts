// `run --once` on shared queues ends when nothing is left, and SQS's counts, which are approximate, do not say when that is.
import assert from "node:assert/strict";
import { runSchema } from "../../../cli/reports/run.ts";
import { openAwsRig, type AwsRig } from "../../helpers/aws-rig.ts";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import { startFaultProxy, type FaultProxy } from "../../helpers/fault-proxy.ts";

const [name] = emulatorsUnderTest();
const COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
/** Longer than looks at the counts alone would last. */
const LATE_MS = 4_000;

if (name !== undefined)
  describe(`run --once where counts lag, on ${name}`, function () {
    this.timeout(60_000);
    let rig: AwsRig;
    let proxy: FaultProxy;

    before(async () => {
      rig = await openAwsRig(name);
      proxy = await startFaultProxy(rig.running.emulator.endpoint);
    });
    after(async () => {
      await proxy?.[Symbol.asyncDispose]();
      await rig?.[Symbol.asyncDispose]();
    });

    it("does not end before it has asked the queues itself", async () => {
      const zero = JSON.stringify({ Attributes: Object.fromEntries(COUNTS.map((count) => [count, "0"])) });
      const headers = { "content-type": "application/x-amz-json-1.0" };
      const counts = proxy.arm({
        effect: { kind: "answer", status: 200, headers, body: zero },
        match: ({ operation, body }) =>
          operation === "GetQueueAttributes" && body.includes("ApproximateNumberOfMessages"),
        times: Infinity,
      });
      // The servers that have messages are slow today.
      const slow = proxy.arm({
        effect: { kind: "delay", ms: LATE_MS },
        match: ({ operation }) => operation === "ReceiveMessage",
        times: 3,
      });
      for (const key of ["a", "b", "c"]) await rig.put(`raw/${key}.ndjson`, `{"event":"late","n":1}\n`);

      const { json } = await rig.report(runSchema, ["run", "--once"], {
        AWS_ENDPOINT_URL_SQS: proxy.endpoint,
      });

      assert.deepEqual([json.sources.split, json.rows], [3, 3]);
      assert.ok(counts.hits > 0 && slow.hits === 3, `${counts.hits}, ${slow.hits}`);
    });
  });
