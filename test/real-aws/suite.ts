// What is believed of AWS and cannot be proven on emulators, asked of an account in one go: a trial is opened once, the groups share it, and it
// is removed whatever they find.
import type { Account } from "./account.ts";
import { copyFiles } from "./copy-files.ts";
import { copyValues } from "./copy-values.ts";
import { dataApiCalls } from "./data-api-calls.ts";
import { errorTexts } from "./error-texts.ts";
import { pipeline } from "./pipeline.ts";
import { tableLife } from "./table-life.ts";
import { transactions } from "./transactions.ts";
import { openTrial, removeTrial, type Trial } from "./trial.ts";

export interface SuiteOptions {
  /** Leaves everything in the account, for a look at it. */
  readonly keep: boolean;
  /** Seconds that a test may take; statements wait for a Serverless workgroup to wake up. */
  readonly seconds: number;
  /** Gets what was observed, at the end. */
  readonly onNotes: (notes: readonly string[]) => void;
}

/** Gives the trial, once it is open. */
export type OfTrial = () => Trial;

export function realAwsSuite(title: string, open: () => Promise<Account>, options: SuiteOptions): void {
  describe(title, function () {
    this.timeout(options.seconds * 1000);
    let account: Account | undefined;
    let trial: Trial | undefined;

    before(async () => {
      account = await open();
      trial = await openTrial(account);
    });
    after(async () => {
      if (!account) return;
      options.onNotes(trial?.notes ?? []);
      try {
        // What a failed opening has made goes too; a claim of somebody else's was refused, and is left alone.
        if (!options.keep && trial) await removeTrial(account);
      } finally {
        await account[Symbol.asyncDispose]();
      }
    });

    for (const group of [copyFiles, copyValues, transactions, tableLife, dataApiCalls, errorTexts, pipeline])
      group(() => trial!);
  });
}
