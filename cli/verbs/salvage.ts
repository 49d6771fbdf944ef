// log-router salvage
import { resolve } from "node:path";
import type { Command } from "commander";
import { operatorMessage } from "../../shared/contracts/notification.ts";
import { RouterError } from "../../shared/errors/router-error.ts";
import { latestReceipt } from "../../shared/receipts/list-receipts.ts";
import { openForReading, type ReadingDeps } from "../compose/open-for-reading.ts";
import { runWorkers } from "../compose/run-workers.ts";
import { sourceName } from "../compose/s3-path.ts";
import { realPath } from "../compose/source-paths.ts";
import type { CliContext } from "../context.ts";
import { plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { printRun } from "../output/print-run.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { findSource } from "../reports/find-source.ts";
import { runSchema } from "../reports/run.ts";
import {
  defineVerb,
  finish,
  print,
  withConfig,
  withData,
  withJson,
  type JsonOption,
  type ReadingOptions,
} from "../verb.ts";

interface SalvageOptions extends ReadingOptions, JsonOption {
  readonly dryRun?: boolean;
}

interface Broken {
  readonly bucket: string;
  readonly key: string;
  readonly generation: number;
  readonly reason: string;
  readonly lines: number;
}

export function salvageVerb(context: CliContext): Command {
  const command = defineVerb("salvage", "load the whole lines before the break of a corrupt source", {
    examples: [
      ["log-router salvage ./logs/torn.gz --dry-run", "how many lines there are"],
      ["log-router salvage ./logs/torn.gz", "split it again up to the break, and load it"],
    ],
    json: runSchema,
    failsWhen: "the source could not be split or loaded",
  });
  withJson(withConfig(withData(command.argument("<key-or-id>", "path, key, or source id"))))
    .option("--dry-run", "only say what would be done")
    .action(async (text: string, options: SalvageOptions) => {
      const { broken, isShared } = await announce(context, text, options);
      if (options.dryRun) {
        const plan = `${broken.key}: ${broken.reason}; ${plural(broken.lines, "line")} before the break would be loaded`;
        print(context, options, broken, () => `${printable(plan)}\n`);
        return finish(command, 0);
      }
      if (isShared) {
        const name = shellQuote(sourceName(broken.bucket, broken.key));
        print(context, options, broken, () => `A running splitter does it; then: log-router where ${name}\n`);
        return finish(command, 0);
      }
      const result = await runWorkers(
        context,
        { ...options, once: true },
        { paths: [], split: true, load: true },
      );
      printRun(context, options, result);
      finish(command, result.code);
    });
  return command;
}

/** Sends the verb to the splitter's queue; what it asks for survives this process. */
async function announce(
  context: CliContext,
  text: string,
  options: SalvageOptions,
): Promise<{ broken: Broken; isShared: boolean }> {
  await using deps = await openForReading(context, options);
  const broken = await brokenSource(context, deps, text);
  if (!options.dryRun) {
    const { bucket, key, generation } = broken;
    await deps.splitQueue.send([operatorMessage("salvage", bucket, key, generation + 1)]);
  }
  return { broken, isShared: deps.isShared };
}

async function brokenSource(context: CliContext, deps: ReadingDeps, text: string): Promise<Broken> {
  const path = resolve(context.cwd, text);
  const found = await findSource(deps, text, [realPath(path), path]);
  const id = found.present ?? found.ids.at(-1);
  const receipt = id === undefined ? undefined : await latestReceipt(deps.store, deps.routedBucket, id);
  if (!receipt)
    throw new RouterError(
      "NOT_FOUND",
      `${text} has not been split yet. Route it with: log-router run ${text} --once`,
    );
  if (receipt.state !== "failed" || !receipt.failure) {
    throw new RouterError(
      "USAGE",
      `${text} is not corrupt: its receipt says ${receipt.state}. Nothing is to be salvaged.`,
    );
  }
  const { bucket, key } = receipt.source;
  const present = await deps.store.head({ bucket, key });
  if (present?.etag !== receipt.source.etag) {
    throw new RouterError(
      "OBJECT_CHANGED",
      `${key} has changed since, or is gone. Route it with: log-router run ${key} --once`,
    );
  }
  return {
    bucket,
    key,
    generation: receipt.generation,
    reason: receipt.failure.message,
    lines: receipt.failure.after_line,
  };
}
