// Both workers at work while the servers, or the way to them, go wrong: the rows are in s3-rows.ts, sqs-rows.ts and data-api-rows.ts. Each
// ends as if nothing had been the matter: rows as in the undisturbed run, messages delivered as often as the row says.
//
// Waiting is most of it, so three pairs of workers are at it at the same time, each with buckets, queues and a warehouse of its own.
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { DATA_API_ROWS } from "./data-api-rows.ts";
import { openFaultLab, type FaultLab } from "./fault-lab.ts";
import { FaultTable, titleOf, type FaultRow } from "./fault-table.ts";
import { S3_ROWS } from "./s3-rows.ts";
import { LOST_ROWS, RECEIVE_ROWS, SQS_ROWS } from "./sqs-rows.ts";

/** One pair of workers with its rows. */
class Lane {
  readonly #ended = new Map<FaultRow, Promise<void>>();
  #lab: FaultLab | undefined;

  /** Resolves when all of `together` are under way; those of `inTurn` follow, and are not waited for. */
  async start(name: EmulatorName, together: readonly FaultRow[], inTurn: readonly FaultRow[]): Promise<void> {
    const lab = (this.#lab = await openFaultLab(name));
    lab.start("splitter", { LOG_ROUTER_SPLITTER_CONCURRENT_SOURCES: "6" });
    lab.start("loader");
    const table = new FaultTable(lab);
    await table.undisturbed();
    for (const row of together) this.#ends(row, (await table.start(row)).ended());
    let before = Promise.allSettled(this.#ended.values()).then(() => lab.quiet());
    for (const row of inTurn) {
      const end = before.then(() => table.run(row));
      this.#ends(row, end);
      before = end.catch(() => undefined);
    }
  }

  #ends(row: FaultRow, end: Promise<void>): void {
    end.catch(() => undefined); // told by the row's own test
    this.#ended.set(row, end);
  }

  ended(row: FaultRow): Promise<void> {
    return this.#ended.get(row) ?? Promise.reject(new Error("the row was not started"));
  }

  async assertNothingLeft(): Promise<void> {
    await this.#lab!.quiet();
    await this.#lab!.assertAllLoaded();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#ended.values());
    await this.#lab?.[Symbol.asyncDispose]();
  }
}

const HALF = Math.ceil(DATA_API_ROWS.length / 2);
const [name] = emulatorsUnderTest();
if (name === undefined) it("faults under both workers: not run, because there is no python3 for an emulator");
else
  describe("both workers at work", function () {
    this.timeout(180_000);
    const lanes = [new Lane(), new Lane(), new Lane()] as const;

    before(async () => {
      await Promise.all([
        lanes[0].start(name, [...S3_ROWS, ...SQS_ROWS], RECEIVE_ROWS),
        lanes[1].start(name, [], [LOST_ROWS[0], ...DATA_API_ROWS.slice(0, HALF)]),
        lanes[2].start(name, [], [LOST_ROWS[1], ...DATA_API_ROWS.slice(HALF)]),
      ]);
    });
    after(async () => {
      for (const lane of lanes) await lane[Symbol.asyncDispose]();
    });

    describe("while S3 goes wrong", () => {
      for (const row of S3_ROWS) it(titleOf(row), () => lanes[0].ended(row));
    });
    describe("while SQS goes wrong", () => {
      for (const row of [...SQS_ROWS, ...RECEIVE_ROWS]) it(titleOf(row), () => lanes[0].ended(row));
      for (const [at, row] of LOST_ROWS.entries()) it(titleOf(row), () => lanes[at + 1]!.ended(row));
    });
    describe("while the warehouse goes wrong", () => {
      for (const [at, row] of DATA_API_ROWS.entries())
        it(titleOf(row), () => lanes[at < HALF ? 1 : 2].ended(row));
    });
    describe("in the end", () => {
      it("nothing is left over of all this, and the audits balance", async () => {
        await Promise.all(lanes.map((lane) => lane.assertNothingLeft()));
      });
    });
  });
