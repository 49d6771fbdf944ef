// The log of a process: pino, JSON lines for machines, pino-pretty for people.
import pino, { type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";
import { isRouterError } from "../errors/router-error.ts";
import { redactText, redactValue } from "./redact.ts";

export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

export interface LoggerOptions {
  /** `splitter`, `loader` or `cli`: a field of every line. */
  readonly service: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** For people (on a terminal). Default false: JSON lines. */
  readonly pretty?: boolean;
  /** Colours when pretty. Default false; the caller knows NO_COLOR. */
  readonly colours?: boolean;
  /** Where to: 1 stdout (services), 2 stderr (the command, whose stdout has its answer), or a stream. Default 1. */
  readonly destination?: 1 | 2 | DestinationStream;
}

/** How deep causes of errors are written. */
const MAX_CAUSES = 4;

/** Writes synchronously: no line is lost when the process ends, and there is none per data line. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? 1;
  return pino(
    {
      level: options.level ?? "info",
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: redactFields,
      },
      // redactFields has done it; pino's own would take what it made for an error again.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args: unknown[], method) {
          Reflect.apply(method, this, redactArguments(args));
        },
      },
    },
    options.pretty
      ? pretty({ colorize: options.colours ?? false, destination, ignore: "pid,hostname", sync: true })
      : typeof destination === "number"
        ? pino.destination({ fd: destination, sync: true })
        : destination,
  );
}

/** Without a message pino would take the error's, as it is. */
function redactArguments([first, ...rest]: readonly unknown[]): unknown[] {
  const fields = first instanceof Error ? { err: first } : first;
  const error = typeof fields === "object" && fields !== null && "err" in fields ? fields.err : undefined;
  const texts = rest.length === 0 && error instanceof Error ? [error.message] : rest;
  return [fields, ...texts].map((arg) => (typeof arg === "string" ? redactText(arg) : arg));
}

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? serialiseError(value) : value,
  ]);
  const redacted = redactValue(Object.fromEntries(entries));
  return typeof redacted === "object" && redacted !== null ? { ...redacted } : {};
}

/** An error as a log field. The stack only of what nobody threw on purpose: it is a bug then. */
export function serialiseError(error: unknown, causes = 0): unknown {
  if (!(error instanceof Error)) return redactValue(error);
  const { name, message, stack, cause } = error;
  const inner =
    cause === undefined || causes >= MAX_CAUSES ? {} : { cause: serialiseError(cause, causes + 1) };
  if (isRouterError(error)) {
    const { code, retryable, details } = error;
    return { code, message: redactText(message), retryable, details: redactValue(details), ...inner };
  }
  const errno = "code" in error ? { code: error.code } : {};
  return { name, message: redactText(message), ...errno, stack: redactText(stack ?? ""), ...inner };
}
