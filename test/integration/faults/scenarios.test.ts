// What goes wrong for longer, or between workers. Waiting is most of it: every scenario has buckets, queues and a warehouse of its own, and
// several go on at the same time. Each ends with nothing left over: queues, dead letters and `pending` empty, the audit balanced.
import pLimit from "p-limit";
import { emulatorsUnderTest } from "../../helpers/emulators.ts";
import type { EmulatorName } from "../../../localstack/emulator.ts";
import { openFaultLab, type FaultLab } from "./fault-lab.ts";
import { expiredCredentials } from "./scenarios/expired-credentials.ts";
import { loaderFinishes, loaderIsCutOff } from "./scenarios/loader-stops.ts";
import { lockedTable } from "./scenarios/locked-table.ts";
import { splitterFinishes, splitterIsCutOff } from "./scenarios/splitter-stops.ts";
import { orderAndOrder, twoConfigurations, twoLoadersOnTheSameTables } from "./scenarios/two-workers.ts";
import { warehouseAway } from "./scenarios/warehouse-away.ts";

const SCENARIOS: Readonly<Record<string, (lab: FaultLab) => Promise<void>>> = {
  "credentials that expire are waited out, and work goes on with renewed ones": expiredCredentials,
  "two loaders at the same tables load every unit once": twoLoadersOnTheSameTables,
  "Order and order, together to two loaders, get two tables, and nothing is mixed": orderAndOrder,
  "of two splitters with different configurations one receipt wins": twoConfigurations,
  "a table that somebody has locked holds up no other one, and loses nothing": lockedTable,
  "while the warehouse is away nothing is received; afterwards everything loads once": warehouseAway,
  "SIGTERM: a splitter in the middle of a source finishes it and takes no other": splitterFinishes,
  "SIGTERM: a splitter whose sources take longer than the grace gives them back": splitterIsCutOff,
  "SIGTERM: a loader in the middle of a batch loads what is in hand": loaderFinishes,
  "SIGTERM: a loader whose batch takes longer than the grace gives it back": loaderIsCutOff,
};

/** No silence and no visibility that ends by itself, where a scenario does not ask for it. */
const UNHURRIED = {
  LOG_ROUTER_AWS_SILENCE_SECONDS: "60",
  LOG_ROUTER_SPLITTER_VISIBILITY_SECONDS: "60",
  LOG_ROUTER_LOADER_VISIBILITY_SECONDS: "60",
};

async function play(name: EmulatorName, scenario: (lab: FaultLab) => Promise<void>): Promise<void> {
  await using lab = await openFaultLab(name, UNHURRIED);
  await scenario(lab);
  await lab.quiet();
  await lab.assertAllLoaded();
}

/** Scenarios at the same time. */
const AT_ONCE = 4;

const [name] = emulatorsUnderTest();
if (name === undefined) it("fault scenarios: not run, because there is no python3 for an emulator");
else
  describe("workers in trouble", function () {
    this.timeout(400_000);
    const limit = pLimit(AT_ONCE);
    const ends = new Map<string, Promise<void>>();

    before(() => {
      for (const [title, scenario] of Object.entries(SCENARIOS)) {
        const end = limit(() => play(name, scenario));
        end.catch(() => undefined); // told by its own test
        ends.set(title, end);
      }
    });
    after(() => Promise.allSettled(ends.values()));

    for (const title of Object.keys(SCENARIOS)) it(title, () => ends.get(title));
  });
