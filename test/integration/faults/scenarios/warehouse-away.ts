// Nobody answers for the warehouse for longer than messages are held: ten minutes at the default settings, seconds here.
import assert from "node:assert/strict";
import type { FaultLab } from "../fault-lab.ts";
import { eventLines, putter, rowCounts, until } from "./common.ts";

const HOLD_SECONDS = 1;

export async function warehouseAway(lab: FaultLab): Promise<void> {
  const { url } = lab.rig.queues.load;
  const put = putter(lab);
  const receives = (): number =>
    lab.sqs.requests.filter((one) => one.operation === "ReceiveMessage" && one.body.includes(`"${url}"`))
      .length;
  lab.start("splitter");
  const loader = lab.start("loader", {
    LOG_ROUTER_LOADER_HOLD_SECONDS: String(HOLD_SECONDS),
    LOG_ROUTER_LOADER_RETRY_SECONDS: "1",
  });
  await lab.loaded(await put(eventLines("a", "b")));
  await lab.quiet();

  await lab.data.refuse();
  const since = performance.now();
  const inHand = await put(eventLines("a", "b"));
  await until("the loader to notice", () => loader.output.stderr.includes('"warehouse_away"'));
  await until("the last receive", () => lab.deliveries.answered(url) === receives());
  const before = receives();
  const meanwhile = [await put(eventLines("a")), await put(eventLines("b", "c")), await put(eventLines("d"))];
  await until("the splitter to go on", async () => (await lab.depth(url)) === 4);
  const isLong = (): boolean => performance.now() - since > 3 * HOLD_SECONDS * 1000;
  await until("it to be away for long", isLong);

  // Nothing is received, and holding time stands still: nothing could be written to `pending`, and no message goes.
  assert.equal(receives(), before);
  assert.equal(await lab.depth(url), 4);
  for (const { id } of meanwhile) assert.deepEqual(lab.deliveries.of(url, id), []);

  await lab.data.accept();
  for (const source of [inHand, ...meanwhile]) await lab.loaded(source);
  await lab.quiet();
  for (const { id } of [inHand, ...meanwhile]) assert.equal(lab.deliveries.of(url, id).length, 1);
  assert.deepEqual(await rowCounts(lab, inHand), { a: 3, b: 3 });
}
