// Opens what the set-up names.
import type { Logger } from "pino";
import type { OnRequest } from "../../shared/adapters/aws/clients.ts";
import type { Config } from "../../shared/config/schema.ts";
import type { CliContext } from "../context.ts";
import type { Adapters } from "./adapters.ts";
import { openAws } from "./open-aws.ts";
import { openEmbedded } from "./open-embedded.ts";
import type { Setup, Work } from "./setup.ts";

export interface OpenAdaptersOptions {
  readonly context: Pick<CliContext, "env">;
  readonly log: Logger;
  readonly work: Work;
  /** Told of every request to AWS. */
  readonly onRequest?: OnRequest;
}

/** Dispose when the workers have ended. */
export function openAdapters(setup: Setup, config: Config, options: OpenAdaptersOptions): Promise<Adapters> {
  const { context, log, work, onRequest } = options;
  if (setup.kind === "aws")
    return openAws(setup, config, { env: context.env, log, work, ...(onRequest ? { onRequest } : {}) });
  return openEmbedded(setup.folder, config, {
    env: context.env,
    region: setup.region,
    onlyReads: work === "read",
    onQueueError: (error) => log.warn({ event: "queue_error", code: error.code }, error.message),
  });
}
