// Mocha's own report, and at the very end one line that any machine can read: `N passed, N failed`. With TEST_SUMMARY_FILE set, the line is
// also written to that file, for scripts that have something to print after the tests.
import { writeFileSync } from "node:fs";
import Mocha from "mocha";

class SummaryReporter extends Mocha.reporters.Dot {
  override done = (failures: number, exit?: (failures: number) => void): void => {
    const { passes, failures: failed, pending } = this.stats ?? { passes: 0, failures, pending: 0 };
    const skipped = pending > 0 ? `${pending} skipped\n` : "";
    const line = `${passes} passed, ${failed} failed`;
    process.stdout.write(`${skipped}${line}\n`);
    const file = process.env["TEST_SUMMARY_FILE"];
    if (file !== undefined) writeFileSync(file, `${line}\n`);
    exit?.(failures);
  };
}

export default SummaryReporter;
