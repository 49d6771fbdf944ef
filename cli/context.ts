// What a verb may use of the process it runs in. main.ts makes it from `process`; tests make their own.
import type { Colors } from "picocolors/types.js";

export interface Output {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
}

export interface CliContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path that relative ones start from. */
  readonly cwd: string;
  readonly colours: Colors;
  now(): Date;
  /** Aborts at the first stop signal; the second one ends the process (shared/runtime). Only long-running verbs ask for it. */
  readonly signals: SignalSource;
}

/** Stop signals, as verbs see them: handlers are there only between the two calls. */
export interface SignalSource {
  /** `graceful` fires at the first SIGINT or SIGTERM, `forced` at the second. Dispose to remove the handlers. */
  listen(): { readonly graceful: AbortSignal; readonly forced: AbortSignal } & Disposable;
}

/** 0 done, 1 failed, 2 bad usage or configuration. */
export type ExitCode = 0 | 1 | 2;
