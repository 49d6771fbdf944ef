// Metrics in CloudWatch's embedded metric format: JSON lines on stdout, from which CloudWatch Logs makes metrics. Specification: Amazon
// CloudWatch User Guide, "Specification: Embedded metric format" (100 metrics a directive, 100 values a metric, 30 dimensions).
import type { Clock } from "../ports/clock.ts";
import type { MetricLabels, Metrics } from "../ports/metrics.ts";
import { seriesKey } from "./summary-metrics.ts";

export interface EmfMetricsOptions {
  /** CloudWatch namespace. Default `LogRouter`. */
  readonly namespace?: string;
  /** A dimension of every metric: `splitter` or `loader`. */
  readonly service: string;
  readonly clock: Clock;
  /** Writes one line, newline included. */
  readonly write: (line: string) => void;
  /** Values are held back and written together this often. Default 60 s. */
  readonly flushSeconds?: number;
}

const MAX_METRICS = 100;
const MAX_VALUES = 100;
/** Observations held at the most; then they are written early. */
const MAX_HELD = 10_000;

interface Series {
  readonly name: string;
  readonly labels: MetricLabels;
  values: number[];
}

type Unit = "Count" | "Bytes" | "Seconds" | "None";

export class EmfMetrics implements Metrics, AsyncDisposable {
  readonly #options: EmfMetricsOptions;
  readonly #series = new Map<string, Series>();
  readonly #stop = new AbortController();
  readonly #timer: Promise<void>;
  #held = 0;

  constructor(options: EmfMetricsOptions) {
    this.#options = options;
    this.#timer = this.#flushNowAndThen((options.flushSeconds ?? 60) * 1000);
  }

  count(name: string, value: number, labels?: MetricLabels): void {
    const { values } = this.#find(name, labels);
    values[0] = (values[0] ?? 0) + value;
  }

  gauge(name: string, value: number, labels?: MetricLabels): void {
    this.#find(name, labels).values[0] = value;
  }

  observe(name: string, value: number, labels?: MetricLabels): void {
    this.#find(name, labels).values.push(value);
    if (++this.#held >= MAX_HELD) this.#write();
  }

  flush(): Promise<void> {
    this.#write();
    return Promise.resolve();
  }

  /** Writes out what is held back and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#timer;
    this.#write();
  }

  #find(name: string, labels: MetricLabels = {}): Series {
    const key = seriesKey(name, labels);
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = { name, labels, values: [] }));
    return series;
  }

  async #flushNowAndThen(everyMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal).catch(() => undefined);
      if (!signal.aborted) this.#write();
    }
  }

  #write(): void {
    const byLabels = Map.groupBy(this.#series.values(), ({ labels }) => seriesKey("", labels));
    this.#series.clear();
    this.#held = 0;
    for (const group of byLabels.values()) {
      for (const metrics of lineContents(group)) this.#writeLine(group[0]!.labels, metrics);
    }
  }

  #writeLine(labels: MetricLabels, metrics: readonly (readonly [name: string, values: number[]])[]): void {
    const { namespace = "LogRouter", service, clock, write } = this.#options;
    const dimensions = { service, ...labels };
    const directive = {
      Namespace: namespace,
      Dimensions: [Object.keys(dimensions)],
      Metrics: metrics.map(([name]) => ({ Name: name, Unit: unitOf(name) })),
    };
    const values = metrics.map(([name, list]) => [name, list.length === 1 ? list[0] : list]);
    const head = { _aws: { Timestamp: clock.now().getTime(), CloudWatchMetrics: [directive] } };
    write(`${JSON.stringify({ ...head, ...dimensions, ...Object.fromEntries(values) })}\n`);
  }
}

/** Spreads series of equal labels over as many lines as the limits ask for; no line has a metric twice. */
function* lineContents(group: readonly Series[]): Generator<[name: string, values: number[]][]> {
  for (let from = 0; from < group.length; from += MAX_METRICS) {
    const metrics = group.slice(from, from + MAX_METRICS);
    const longest = Math.max(...metrics.map(({ values }) => values.length));
    for (let at = 0; at < longest; at += MAX_VALUES) {
      yield metrics.flatMap(({ name, values }) => {
        const piece = values.slice(at, at + MAX_VALUES);
        return piece.length > 0 ? [[name, piece] as [string, number[]]] : [];
      });
    }
  }
}

function unitOf(name: string): Unit {
  if (/_bytes(_total)?$/.test(name)) return "Bytes";
  if (/_seconds(_total)?$/.test(name)) return "Seconds";
  return /_(total|messages|lines|rows|objects|units)$/.test(name) ? "Count" : "None";
}
