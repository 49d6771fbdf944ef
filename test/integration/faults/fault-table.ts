// A table of faults: one row = what goes wrong, where, how often, and how messages were delivered in the end. That everything else is as in
// the undisturbed run (rows, accounting, queues, dead letters, `pending`) holds for every row.
import assert from "node:assert/strict";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import type { Fault as StandInFault } from "../../../localstack/redshift-data/faults.ts";
import type { ArmedFault, ProxyEffect } from "../../helpers/fault-proxy.ts";
import { jsonRefusal, s3Refusal } from "../../helpers/fault-proxy.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import type { FaultLab, LabSource } from "./fault-lab.ts";
import { pointOf, type PointName } from "./points.ts";

/** What goes wrong, in the words of the tables. */
export const FAULTS = {
  "time-out before the server acted": { kind: "hang", afterServer: false },
  "time-out after the server acted": { kind: "hang", afterServer: true },
  "request lost": { kind: "lose-request" },
  "answer lost": { kind: "lose-answer" },
  "reset in the middle of the answer": { kind: "reset-in-body", afterBytes: 9_000 },
  "reset at the start of the answer": { kind: "reset-in-body", afterBytes: 40 },
  "answer stops in its middle": { kind: "stall-in-body", afterBytes: 9_000 },
  "reset in the middle of the request": { kind: "reset-in-request", afterBytes: 200 },
  "S3: 500": s3Refusal(500, "InternalError"),
  "S3: 503 SlowDown": s3Refusal(503, "SlowDown"),
  "S3: 409, somebody else writes": s3Refusal(409, "ConditionalRequestConflict"),
  "500 after the server acted": {
    kind: "change-answer",
    change: (answer) => ({ ...answer, status: 500, body: Buffer.from("") }),
  },
  "SQS: 500": jsonRefusal(500, "com.amazonaws.sqs#InternalError"),
  "SQS: throttled": jsonRefusal(403, "com.amazonaws.sqs#RequestThrottled"),
  "SQS: failed in part": { kind: "partial", positions: [0] },
  "SQS: done, they say, and is not": {
    kind: "answer",
    status: 200,
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify({ Successful: [{ Id: "0" }], Failed: [] }),
  },
  "messages lost on their way": { kind: "change-messages", change: () => [] },
  "each message twice, last first": {
    kind: "change-messages",
    change: (messages) => [...messages, ...messages].toReversed(),
  },
  "Data API: 500": jsonRefusal(500, "InternalServerException"),
  "Data API: ThrottlingException": jsonRefusal(400, "ThrottlingException"),
  "Data API: too many statements": jsonRefusal(400, "ActiveStatementsExceededException"),
  "503 in HTML from something in between": {
    kind: "answer",
    status: 503,
    headers: { "content-type": "text/html" },
    body: "<html>busy</html>",
  },
} as const satisfies Record<string, ProxyEffect>;

export type FaultName = keyof typeof FAULTS;
/** What the warehouse itself does wrong (localstack/redshift-data/faults.ts). */
type Untrue = StandInFault["effect"];

export interface FaultRow {
  readonly fault: FaultName | Untrue;
  readonly at: PointName;
  /** Default 1. */
  readonly times?: number;
  /** One more fault on the same way. */
  readonly and?: Pick<FaultRow, "fault" | "at" | "times">;
  /** S3 tells of the source twice. */
  readonly toldTwice?: true;
  /** Event types of its own: tables are made. */
  readonly newTables?: true;
  /** Deliveries of all messages about the source, from each queue: exactly, or at least and at most. Default 1. */
  readonly split?: number | readonly [number, number];
  readonly load?: number | readonly [number, number];
}

export function titleOf({ fault, at, times = 1, and, toldTwice }: FaultRow): string {
  const often = times === 1 ? "" : ` × ${times}`;
  const more = and ? ` and ${titleOf(and)}` : "";
  return `${fault}${often}: ${at}${more}${toldTwice ? ", told twice" : ""}`;
}

const PATIENCE_MS = 100_000;
const LINES = 240;
const TYPES = ["order", "visit", "click"];

/** Lines of three event types, one that is no JSON, and a blank one; some 60 KB. */
function bodyOf(suffix: string): string {
  const lines = Array.from({ length: LINES }, (_, n) => {
    const pad = String.fromCodePoint(97 + (n % 26)).repeat(180);
    return JSON.stringify({ event: `${TYPES[n % 3]}${suffix}`, n, price: n / 4, tags: { ä: pad, at: [n] } });
  });
  return [...lines.slice(0, 100), "broken {", "", ...lines.slice(100)].join("\n");
}

export class FaultTable {
  readonly #lab: FaultLab;
  #rows = 0;
  #truth: readonly string[] = [];

  constructor(lab: FaultLab) {
    this.#lab = lab;
  }

  /** What every row is compared with: the same lines with nothing in the way. */
  async undisturbed(): Promise<void> {
    const source = this.#lab.source("raw/undisturbed.ndjson", bodyOf(""));
    await this.#lab.put(source);
    await this.#lab.loaded(source);
    this.#truth = await this.#lab.rows(source.id);
    assert.equal(this.#truth.length, LINES);
    for (const [n, text] of this.#truth.entries()) assert.match(text, new RegExp(`"n": ${n}[,}]`));
  }

  /** Arms the row's faults and puts its source; the result ends when the row is as it should be, and rejects when it is not. */
  async start(row: FaultRow): Promise<{ readonly ended: () => Promise<void> }> {
    const suffix = row.newTables ? `_${this.#rows}` : "";
    const source = this.#lab.source(`raw/row-${this.#rows++}.ndjson`, bodyOf(suffix));
    const armed = [row, ...(row.and ? [row.and] : [])].map((one) => this.#arm(one, source));
    if (isProxied(row.fault) && FAULTS[row.fault].kind === "change-messages")
      await this.#nextPoll(row.at, source);
    await this.#lab.put(source);
    if (row.toldTwice) await this.#tellAgain(source);
    return {
      ended: async () => {
        await this.#lab.loaded(source);
        await this.#settled(source, row);
        await waitFor(
          "the fault to strike as often as it should",
          () => armed.every((isHit) => isHit()),
          PATIENCE_MS,
        );
        const rows = await this.#lab.rows(source.id);
        assert.deepEqual(suffix === "" ? rows : rows.map((text) => text.replaceAll(suffix, "")), this.#truth);
      },
    };
  }

  /** As `start`, to its end, with nothing left over. */
  async run(row: FaultRow): Promise<void> {
    const { ended } = await this.start(row);
    await ended();
    await this.#lab.quiet();
    for (const proxy of [this.#lab.s3, this.#lab.sqs, this.#lab.data]) proxy.clear();
    this.#lab.rig.standIn.faults.clear();
  }

  #arm({ fault, at, times = 1 }: FaultRow, source: LabSource): () => boolean {
    const { proxy, match } = pointOf(this.#lab, at, source);
    if (isProxied(fault)) {
      const armed: ArmedFault = proxy.arm({ effect: FAULTS[fault], match, times });
      return () => armed.hits === times;
    }
    const { faults } = this.#lab.rig.standIn;
    const sql = at === "the change of a table" ? "CREATE TABLE" : "COPY lr_units";
    const before = faults.hits;
    faults.arm({ effect: fault, match: sql, times, seconds: 1 });
    return () => faults.hits - before === times;
  }

  /** A poll that was under way when the fault was armed is not hit. */
  async #nextPoll(at: PointName, source: LabSource): Promise<void> {
    const { proxy, match } = pointOf(this.#lab, at, source);
    const before = proxy.requests.length;
    await waitFor("the next poll", () => proxy.requests.slice(before).some(match), PATIENCE_MS);
  }

  async #tellAgain({ key, body }: LabSource): Promise<void> {
    const { rig } = this.#lab;
    await rig.send(rig.queues.split, s3Notification(rig.sources, key, body.byteLength, "any"));
  }

  /** Deliveries may still come behind the load: waits for those that are expected. */
  async #settled({ key, id }: LabSource, { split = 1, load = 1 }: FaultRow): Promise<void> {
    const { rig, deliveries } = this.#lab;
    const [fewestSplit, mostSplit] = typeof split === "number" ? [split, split] : split;
    const [fewestLoad, mostLoad] = typeof load === "number" ? [load, load] : load;
    const splits = () => deliveries.of(rig.queues.split.url, key).length;
    const loads = () => deliveries.of(rig.queues.load.url, `receipts/${id}/`).length;
    await waitFor(
      `${fewestSplit} and ${fewestLoad} deliveries`,
      () => splits() >= fewestSplit && loads() >= fewestLoad,
    );
    assert.ok(splits() <= mostSplit, `${splits()} deliveries of the source's messages`);
    assert.ok(loads() <= mostLoad, `${loads()} deliveries of the receipt's messages`);
  }
}

function isProxied(fault: FaultRow["fault"]): fault is FaultName {
  return Object.hasOwn(FAULTS, fault);
}
