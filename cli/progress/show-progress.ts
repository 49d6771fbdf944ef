// Shows a run's progress: a bar on a terminal, a log line every 10 s in which something happened elsewhere.
import type { Logger } from "pino";
import type { CliContext } from "../context.ts";
import { bytes, count, duration } from "../output/numbers.ts";
import { Rate } from "./rate.ts";
import type { RunTotals } from "./run-totals.ts";

const BAR_MS = 200;
const LOG_MS = 10_000;
/** What stands beside the bar, at its widest. */
const TEXT_WIDTH = 76;

/** Starts to show; dispose to stop, and to clear the bar. The totals are only read. `openLog` is called when there is something to log. */
export async function showProgress(
  context: CliContext,
  totals: RunTotals,
  openLog: () => Logger | Promise<Logger>,
): Promise<Disposable> {
  return context.stderr.isTTY ? showBar(context, totals) : showLogLines(totals, openLog);
}

/** What draws the bar is loaded only where there is a terminal. */
async function showBar(context: CliContext, totals: RunTotals): Promise<Disposable> {
  const { Presets, SingleBar } = await import("cli-progress");
  const bar = new SingleBar(
    {
      format: "{bar} {percentage}% {stored} {work} {rest}",
      barsize: Math.max(8, Math.min(30, (context.stderr.columns ?? 80) - TEXT_WIDTH)),
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      stopOnComplete: false,
      // Stop signals are the verb's affair.
      gracefulExit: false,
    },
    Presets.rect,
  );
  const meter = new Meter(totals);
  bar.start(1, 0, meter.payload());
  const timer = setInterval(() => {
    bar.setTotal(Math.max(1, totals.foundBytes));
    bar.update(Math.min(totals.storedBytes, totals.foundBytes), meter.payload());
  }, BAR_MS);
  return {
    [Symbol.dispose](): void {
      clearInterval(timer);
      bar.stop();
      // The bar goes back to where it began; what was drawn below goes with it.
      context.stderr.write("\r\u001b[J");
    },
  };
}

/** None while nothing happens: a service that waits says nothing. */
function showLogLines(totals: RunTotals, openLog: () => Logger | Promise<Logger>): Disposable {
  const meter = new Meter(totals);
  let shown = meter.state();
  const write = async (): Promise<void> => {
    const fields = meter.fields();
    const state = meter.state();
    if (state === shown) return;
    shown = state;
    (await openLog()).info({ event: "progress", ...fields }, "progress");
  };
  const timer = setInterval(() => void write(), LOG_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

class Meter {
  readonly #totals: RunTotals;
  readonly #stored = new Rate();
  readonly #raw = new Rate();
  readonly #lines = new Rate();

  constructor(totals: RunTotals) {
    this.#totals = totals;
    // So that there is a speed at the first look.
    this.#sample();
  }

  /** The same as long as nothing has been done. */
  state(): string {
    const { found, foundBytes, sourcesSplit, storedBytes, rawBytes, lines, settled, rows } = this.#totals;
    return [found, foundBytes, sourcesSplit, storedBytes, rawBytes, lines, settled, rows].join();
  }

  fields(): Record<string, number | undefined> {
    this.#sample();
    const { found, foundBytes, sourcesSplit, storedBytes, rawBytes, lines, loads, settled, rows } =
      this.#totals;
    return {
      sources_found: found,
      sources_split: sourcesSplit,
      ...(loads ? { sources_settled: settled } : {}),
      stored_bytes: storedBytes,
      stored_bytes_found: foundBytes,
      raw_bytes: rawBytes,
      lines,
      ...(loads ? { rows } : {}),
      lines_per_second: Math.round(this.#lines.perSecond),
      raw_bytes_per_second: Math.round(this.#raw.perSecond),
      eta_seconds: this.#stored.secondsTo(foundBytes),
    };
  }

  payload(): Record<string, string> {
    this.#sample();
    const { foundBytes, storedBytes, lines, loads, rows } = this.#totals;
    const rest = this.#stored.secondsTo(foundBytes);
    const done = storedBytes >= foundBytes;
    return {
      stored: `${bytes(storedBytes)}/${bytes(foundBytes)}`,
      work: done
        ? `${count(lines)} lines split${loads ? `, ${count(rows)} rows loaded` : ""}`
        : `${count(this.#lines.perSecond)} lines/s ${(this.#raw.perSecond / 1e6).toFixed(0)} MB/s`,
      rest: done || rest === undefined ? "" : `ETA ${duration(rest)}`,
    };
  }

  #sample(): void {
    const now = performance.now() / 1000;
    this.#stored.sample(now, this.#totals.storedBytes);
    this.#raw.sample(now, this.#totals.rawBytes);
    this.#lines.sample(now, this.#totals.lines);
  }
}
