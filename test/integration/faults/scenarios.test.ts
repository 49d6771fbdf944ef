// What goes wrong for longer, or between workers. Waiting is most of it: every scenario has buckets, queues and a warehouse of its own, and
// all go on at the same time. Each ends with nothing left over: queues, dead letters and `pending` empty, the audit balanced.
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { openFaultLab, type FaultLab } from "./fault-lab.ts";
import { lockedTable } from "./scenarios/locked-table.ts";
import { orderAndOrder, twoConfigurations, twoLoadersOnTheSameTables } from "./scenarios/two-workers.ts";
import { warehouseAway } from "./scenarios/warehouse-away.ts";

const SCENARIOS: Readonly<Record<string, (lab: FaultLab) => Promise<void>>> = {
  "two loaders at the same tables load every unit once": twoLoadersOnTheSameTables,
  "Order and order, together to two loaders, get two tables, and nothing is mixed": orderAndOrder,
  "of two splitters with different configurations one receipt wins": twoConfigurations,
  "a table that somebody has locked holds up no other one, and loses nothing": lockedTable,
  "while the warehouse is away nothing is received; afterwards everything loads once": warehouseAway,
};

async function play(name: EmulatorName, scenario: (lab: FaultLab) => Promise<void>): Promise<void> {
  await using lab = await openFaultLab(name);
  await scenario(lab);
  await lab.quiet();
  await lab.assertAllLoaded();
}

const [name] = emulatorsUnderTest();
if (name === undefined) it("fault scenarios: not run, because there is no python3 for an emulator");
else
  describe("workers in trouble", function () {
    this.timeout(240_000);
    const ends = new Map<string, Promise<void>>();

    before(() => {
      for (const [title, scenario] of Object.entries(SCENARIOS)) {
        const end = play(name, scenario);
        end.catch(() => undefined); // told by its own test
        ends.set(title, end);
      }
    });
    after(() => Promise.allSettled(ends.values()));

    for (const title of Object.keys(SCENARIOS)) it(title, () => ends.get(title));
  });
