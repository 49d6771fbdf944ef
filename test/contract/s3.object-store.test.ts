import { createS3ObjectStore } from "../../shared/adapters/aws/s3-object-store.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { emulatorsUnderTest, newBucket, runningEmulator } from "../helpers/emulators.ts";
import { objectStoreContract } from "./object-store.ts";

const emulators = emulatorsUnderTest();
if (emulators.length === 0)
  it("ObjectStore contract: S3: not run, because there is no python3 to start an emulator");

for (const name of emulators) {
  describe(`on ${name}`, function () {
    this.timeout(120_000);
    before(async () => void (await runningEmulator(name)));

    objectStoreContract(`S3 on ${name}`, async () => {
      const running = await runningEmulator(name);
      return {
        store: createS3ObjectStore(running.s3, { clock: systemClock, partBytes: 5 * 1024 * 1024 }),
        bucket: await newBucket(running),
        async [Symbol.asyncDispose]() {},
      };
    });
  });
}
