// The log of a run: JSON lines for machines, short readable ones on a terminal, always on stderr.
import { pino, type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";
import type { CliContext } from "../context.ts";

const CLEAR_LINE = "\r\u001b[K";

/** Level from LOG_ROUTER_LOG_LEVEL; by default info for machines and warn on a terminal, where the progress bar says the rest. */
export function createLog(context: CliContext): Logger {
  const { stderr, env } = context;
  const level = env["LOG_ROUTER_LOG_LEVEL"] ?? (stderr.isTTY ? "warn" : "info");
  const known = Object.keys(pino.levels.values).includes(level) || level === "silent";
  const lines: DestinationStream = { write: (line) => void stderr.write(line) };
  const log = pino(
    { level: known ? level : "info", base: null, timestamp: pino.stdTimeFunctions.isoTime },
    stderr.isTTY ? prettyLines(context) : lines,
  );
  if (!known) log.warn({ level }, "LOG_ROUTER_LOG_LEVEL is no level; info is used");
  return log;
}

/** The bar is drawn again 0.2 s later; until then the line stands where it was. */
function prettyLines({ stderr, colours }: CliContext): DestinationStream {
  const format = pretty.prettyFactory({
    colorize: colours.isColorSupported,
    singleLine: true,
    translateTime: "SYS:HH:MM:ss",
    ignore: "event",
  });
  return { write: (line) => void stderr.write(`${CLEAR_LINE}${format(line)}`) };
}
