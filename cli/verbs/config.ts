// log-router config check | print
import { Command } from "commander";
import { stringify } from "yaml";
import { z } from "zod";
import { checkConfig, loadConfig } from "../../shared/config/load-config.ts";
import { formatProblem } from "../../shared/config/problem.ts";
import type { CliContext } from "../context.ts";
import { configSources } from "../compose/config-sources.ts";
import { plural } from "../output/numbers.ts";
import { printable } from "../output/printable.ts";
import {
  defineVerb,
  finish,
  print,
  withConfig,
  withJson,
  type ConfigOptions,
  type JsonOption,
} from "../verb.ts";

const checkSchema = z.object({
  valid: z.boolean(),
  problems: z.array(
    z.object({
      path: z.string(),
      where: z.string().describe("File and line, environment variable, or flag"),
      line: z.int().optional(),
      found: z.string().optional(),
      problem: z.string(),
      fix: z.string(),
    }),
  ),
});

export function configVerb(context: CliContext): Command {
  const command = new Command("config").description("check or print the configuration");
  return command.addCommand(checkVerb(context)).addCommand(printVerb(context));
}

function checkVerb(context: CliContext): Command {
  const command = defineVerb(
    "check",
    "all problems of a configuration at once; exit code 2 if there are any",
    {
      examples: [["log-router config check router.yaml", "file, line, what was found, and the fix"]],
      json: checkSchema,
    },
  );
  withJson(withConfig(command.argument("[file]", "the same as --config"))).action(
    async (file: string | undefined, options: ConfigOptions & JsonOption) => {
      const { problems } = checkConfig(
        configSources(context, file === undefined ? options : { ...options, config: file }),
      );
      const report: z.infer<typeof checkSchema> = { valid: problems.length === 0, problems: [...problems] };
      print(context, options, report, () =>
        report.valid
          ? `${context.colours.green("No problems.")}\n`
          : `${problems.map((problem) => `${printable(formatProblem(problem))}\n`).join("")}${plural(problems.length, "problem")}\n`,
      );
      finish(command, report.valid ? 0 : 2);
    },
  );
  return command;
}

function printVerb(context: CliContext): Command {
  const command = defineVerb("print", "the configuration that holds: defaults, file, environment, flags", {
    examples: [
      ["log-router config print > router.yaml", "every setting with its default, to start from"],
      ["log-router config print --config router.yaml --json", "what this file comes to"],
    ],
    json: z.unknown().describe("docs/contracts/config.schema.json"),
  });
  withJson(withConfig(command)).action(async (options: ConfigOptions & JsonOption) => {
    const config = loadConfig(configSources(context, options));
    print(context, options, config, () => stringify(config));
    finish(command, 0);
  });
  return command;
}
