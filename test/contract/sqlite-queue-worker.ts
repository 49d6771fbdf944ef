// A consumer process for the tests of the SQLite queue: `node sqlite-queue-worker.ts FILE QUEUE settle|hang VISIBILITY_SECONDS`.
// Prints the body of each message it is given; `hang` never ends its handlers. SIGTERM drains and exits 0.
import { openQueueFile } from "../../shared/adapters/local/queue-file.ts";

const [path = "", name = "", mode = "settle", visibility = "30"] = process.argv.slice(2);
const file = await openQueueFile(path);
const consumer = file.queue(name).consume(
  async ({ body, receiveCount }) => {
    process.stdout.write(`${body} ${receiveCount}\n`);
    if (mode === "hang") await new Promise(() => setInterval(() => undefined, 1_000));
    return { kind: "settled" };
  },
  { concurrency: 5, visibilitySeconds: Number(visibility) },
);
process.stdout.write("ready\n");
process.once("SIGTERM", () => {
  void consumer.drain().then(() => process.exit(0));
});
