import assert from "node:assert/strict";
import { findSource } from "../../../cli/reports/find-source.ts";
import { whereReports, whereSchema } from "../../../cli/reports/where.ts";
import { statusReport, statusSchema } from "../../../cli/reports/status.ts";
import { schemaReport } from "../../../cli/reports/schema.ts";
import { isRouterError } from "../../../shared/errors/router-error.ts";
import { s3Notification } from "../../../shared/contracts/notification.ts";
import type { PendingRow } from "../../../shared/ports/warehouse.ts";
import { fakeDeps, idOf, loadedRows, receiptOf } from "./fake-deps.ts";

const receipt = receiptOf("/logs/ä b.gz", { click: 3, view: 2 });
const { source, loads } = loadedRows(receipt);

describe("findSource", () => {
  it("finds by key, by id, and by the start of an id", async () => {
    const deps = await fakeDeps([receipt], { sources: [source], loads });

    assert.deepEqual((await findSource(deps, "/logs/ä b.gz", [])).ids, [source.sourceId]);
    assert.deepEqual((await findSource(deps, source.sourceId, [])).ids, [source.sourceId]);
    assert.deepEqual((await findSource(deps, source.sourceId.slice(0, 4), [])).ids, [source.sourceId]);
  });

  it("says so when nothing is known, also for texts that look like an id", async () => {
    const deps = await fakeDeps([receipt]);

    for (const text of ["nothing", "ffff", "f".repeat(32), "abc", "__proto__"]) {
      await assert.rejects(findSource(deps, text, []), (error) => isRouterError(error, "NOT_FOUND"), text);
    }
  });

  it("refuses a start that fits too many", async () => {
    const many = Array.from({ length: 30 }, (_, i) => receiptOf(`/${i}`, { t: 1 }));
    const same = many.map((one, i) => ({
      ...one,
      source: { ...one.source, id: `abcd${String(i).padStart(28, "0")}` },
    }));

    await assert.rejects(findSource(await fakeDeps(same), "abcd", []), (error) =>
      isRouterError(error, "USAGE"),
    );
  });
});

describe("whereReports", () => {
  it("tells units that are loaded, pending and waiting apart, and how often they were tried", async () => {
    const pending: PendingRow[] = ["view", ""].map((eventType) => ({
      sourceId: source.sourceId,
      generation: 0,
      eventType,
      receiptKey: "r",
      attempts: 4,
      lastError: "no room",
      nextTry: new Date(0),
      since: new Date(0),
    }));
    const deps = await fakeDeps([receipt], {
      sources: [{ ...source, state: "loading" }],
      loads: [loads[0]!],
      pending,
    });

    const [report] = await whereReports(deps, { ids: [source.sourceId] });

    assert.deepEqual(whereSchema.parse(report), report);
    assert.deepEqual(
      report!.units.map(({ event_type: type, state, attempts }) => [type, state, attempts]),
      [
        ["click", "loaded", 0],
        ["view", "pending", 4],
      ],
    );
    assert.match(report!.next_step, /^1 of its units/);
  });

  it("finds the dead letters that are about a source, however its key is encoded", async () => {
    const deps = await fakeDeps([], {});
    await deps.splitQueue.send([
      s3Notification("local", "/logs/ä b.gz", 1, "e"),
      s3Notification("local", "/other", 1, "e"),
    ]);
    await using consumer = deps.splitQueue.consume(async () => ({ kind: "dead", reason: "broken" }), {
      concurrency: 2,
      visibilitySeconds: 60,
    });
    while ((await deps.splitQueue.depth()).dead < 2) await new Promise(setImmediate);
    await consumer.drain();

    const [report] = await whereReports(deps, { ids: [idOf("/logs/ä b.gz")], key: "/logs/ä b.gz" });

    assert.deepEqual(report!.dead_letters, [{ queue: "split", reason: "broken", receives: 1 }]);
    assert.match(report!.next_step, /dead redrive --queue split/);
  });
});

describe("statusReport and schemaReport", () => {
  it("count sources by state, and name failed ones", async () => {
    const failed = { ...source, sourceId: "f".repeat(32), state: "failed" as const, reason: "torn" };

    const report = await statusReport(await fakeDeps([], { sources: [source, failed], loads }));

    assert.deepEqual(statusSchema.parse(report), report);
    assert.deepEqual(report.sources, { loaded: 1, loading: 0, failed: 1, replaced: 0, ignored: 0, dead: 0 });
    assert.deepEqual(
      report.problems.map(({ reason }) => reason),
      ["torn"],
    );
    assert.equal(report.event_types[0]?.seconds_since_load, 90);
    assert.equal(report.event_types[0]?.freshness_seconds, 30);
  });

  it("name the closest event type for one that is not there", async () => {
    const deps = await fakeDeps([], { loads });

    await assert.rejects(schemaReport(deps, "clik", false), /Did you mean click\?/);
    assert.equal((await schemaReport(deps, undefined, true)).tables.length, 2);
  });
});
