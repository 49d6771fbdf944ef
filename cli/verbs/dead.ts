// log-router dead list | redrive
import { Command, Option } from "commander";
import { z } from "zod";
import type { Queue } from "../../shared/ports/queue.ts";
import { openForReading, type ReadingDeps } from "../compose/open-for-reading.ts";
import type { CliContext } from "../context.ts";
import { plural, time } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import { table } from "../output/table.ts";
import { wholeNumber } from "../output/whole-number.ts";
import {
  defineVerb,
  finish,
  print,
  withReading,
  withJson,
  type ReadingOptions,
  type JsonOption,
} from "../verb.ts";

const QUEUES = ["split", "load", "backfill"] as const;
type QueueName = (typeof QUEUES)[number];

interface DeadOptions extends ReadingOptions, JsonOption {
  readonly queue?: QueueName;
}

const letterSchema = z.object({
  queue: z.enum(QUEUES),
  id: z.string(),
  body: z.string(),
  receives: z.int().describe("Deliveries before it was given up"),
  sent_at: z.iso.datetime(),
  dead_at: z.iso.datetime(),
  reason: z.string().nullable(),
});
type Letter = z.infer<typeof letterSchema>;

const redriveSchema = z.object({
  dry_run: z.boolean(),
  split: z.int().describe("Messages moved back to the split queue"),
  load: z.int().describe("Messages moved back to the load queue"),
  backfill: z.int().describe("Messages moved back to the backfill queue"),
});

export function deadVerb(context: CliContext): Command {
  const command = new Command("dead").description("messages that were given up");
  return command.addCommand(listVerb(context)).addCommand(redriveVerb(context));
}

function listVerb(context: CliContext): Command {
  const command = defineVerb("list", "dead letters, oldest first, with the reason", {
    examples: [["log-router dead list --queue load", "those of the load queue"]],
    json: letterSchema.array(),
  });
  withQueue(withJson(withReading(command)))
    .option("--limit <messages>", "messages of each queue at the most", wholeNumber(1, 100_000), 100)
    .action(async (options: DeadOptions & { readonly limit: number }) => {
      await using deps = await openForReading(context, options);
      const letters = await letterList(deps, options);
      print(context, options, letters, () => renderLetters(context, letters));
      finish(command, 0);
    });
  return command;
}

function redriveVerb(context: CliContext): Command {
  const command = defineVerb(
    "redrive",
    "move dead letters back to their queue; a running worker takes them up",
    {
      examples: [
        ["log-router dead redrive --dry-run", "how many there are"],
        ["log-router dead redrive --queue split", "move them; then run the pipeline again"],
      ],
      json: redriveSchema,
    },
  );
  withQueue(withJson(withReading(command)))
    .option("--dry-run", "only count")
    .action(async (options: DeadOptions & { readonly dryRun?: boolean }) => {
      await using deps = await openForReading(context, options);
      const moved = { dry_run: options.dryRun === true, split: 0, load: 0, backfill: 0 };
      for (const [name, queue] of chosen(deps, options)) {
        moved[name] = options.dryRun ? (await queue.depth()).dead : await queue.redrive();
      }
      const verb = options.dryRun ? "would be moved" : "moved";
      print(
        context,
        options,
        moved,
        () => `${plural(moved.split + moved.load + moved.backfill, "message")} ${verb} back\n`,
      );
      finish(command, 0);
    });
  return command;
}

function withQueue(command: Command): Command {
  return command.addOption(new Option("--queue <name>", "only this queue").choices([...QUEUES]));
}

function chosen(deps: ReadingDeps, { queue }: DeadOptions): readonly (readonly [QueueName, Queue])[] {
  const all = [
    ["split", deps.splitQueue],
    ["load", deps.loadQueue],
    ["backfill", deps.backfillQueue],
  ] as const;
  return all.filter(([name]) => queue === undefined || queue === name);
}

async function letterList(deps: ReadingDeps, options: DeadOptions & { limit: number }): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const [name, queue] of chosen(deps, options)) {
    for (const letter of await queue.deadLetters(options.limit)) {
      letters.push({
        queue: name,
        id: letter.id,
        body: letter.body,
        receives: letter.receiveCount,
        sent_at: letter.sentAt.toISOString(),
        dead_at: letter.deadAt.toISOString(),
        reason: letter.reason ?? null,
      });
    }
  }
  return letters;
}

function renderLetters(context: CliContext, letters: readonly Letter[]): string {
  if (letters.length === 0) return "No dead letters.\n";
  const columns = [
    { title: "queue" },
    { title: "since" },
    { title: "deliveries", align: "right" as const },
    { title: "reason", shrinkTo: 20 },
    { title: "message", shrinkTo: 12 },
  ];
  const rows = letters.map((letter) => [
    letter.queue,
    time(new Date(letter.dead_at)),
    String(letter.receives),
    printable(letter.reason ?? "no reason known"),
    printable(letter.body.slice(0, 200)),
  ]);
  return table(context, columns, rows);
}
