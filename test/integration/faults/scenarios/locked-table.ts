// Somebody keeps a table locked for longer than messages are held: an hour at the default settings, seconds here.
import assert from "node:assert/strict";
import type { FaultLab } from "../fault-lab.ts";
import { eventLines, putter, rowCounts, until } from "./common.ts";

const SHORT = {
  LOG_ROUTER_LOADER_HOLD_SECONDS: "2",
  LOG_ROUTER_LOADER_RETRY_SECONDS: "1",
  LOG_ROUTER_REDSHIFT_TABLE_WAIT_SECONDS: "1",
  LOG_ROUTER_REDSHIFT_SCHEMA_WAIT_SECONDS: "1",
};

export async function lockedTable(lab: FaultLab): Promise<void> {
  const put = putter(lab);
  lab.start("splitter");
  lab.start("loader", SHORT);
  await lab.loaded(await put(eventLines("free", "locked")));
  const pendingTypes = async (): Promise<unknown[]> => {
    const rows = await lab.query("SELECT event_type FROM log_router.pending WHERE event_type <> ''");
    return rows.map((row) => row["event_type"]);
  };
  const somebody = await lab.session();
  try {
    await somebody.query("BEGIN");
    await somebody.query('LOCK TABLE events."locked" IN ACCESS EXCLUSIVE MODE');

    const both = await put(eventLines("free", "locked"));
    const lockedAlone = await put(eventLines("locked"));
    const others = [await put(eventLines("free")), await put(eventLines("made_meanwhile"))];

    // Other tables go on, those that are made only now too; so does the other half of the same source.
    for (const source of others) await lab.loaded(source);
    const freeRows = () => lab.query("SELECT 1 FROM events.free WHERE _lr_source = $1", [both.id]);
    await until("the unlocked half of a source", async () => (await freeRows()).length === 3);
    // What is left is written down before its messages go.
    await until("two pending units", async () => (await pendingTypes()).length === 2);
    assert.deepEqual(await pendingTypes(), ["locked", "locked"]);
    await lab.quiet();
    assert.deepEqual([await lab.state(both.id), await lab.state(lockedAlone.id)], ["loading", "loading"]);
    await lab.loaded(await put(eventLines("free")));

    await somebody.query("ROLLBACK");
    await lab.loaded(both);
    await lab.loaded(lockedAlone);
    assert.deepEqual(await rowCounts(lab, both), { free: 3, locked: 3 });
    assert.deepEqual(await rowCounts(lab, lockedAlone), { locked: 3 });
  } finally {
    await somebody.end();
  }
}
