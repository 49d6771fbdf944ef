// Where a worker's metrics go.
import type { Logger } from "pino";
import type { OnRequest } from "../../shared/adapters/aws/clients.ts";
import type { Config } from "../../shared/config/schema.ts";
import type { Metrics } from "../../shared/ports/metrics.ts";
import { systemClock } from "../../shared/runtime/clock.ts";
import { EmfMetrics } from "../../shared/telemetry/emf-metrics.ts";
import type { Output } from "../context.ts";
import { SummaryMetrics } from "./summary-metrics.ts";

export interface WorkerMetrics extends AsyncDisposable {
  readonly metrics: Metrics;
  /** Counts requests to AWS: the part of the cost that the router decides. */
  readonly onRequest: OnRequest;
  /** True when stdout belongs to the metrics. */
  readonly ownsStdout: boolean;
  /** Says in the log what has not been said on stdout. */
  summarise(log: Logger): void;
}

/** CloudWatch lines on stdout for a service on shared queues, if the configuration wants them; else a summary at the end. */
export function workerMetrics(
  config: Config,
  stdout: Output,
  worker: { readonly isService: boolean; readonly name: "splitter" | "loader" | "router" },
): WorkerMetrics {
  if (!worker.isService || config.aws.metrics !== "emf") {
    const metrics = new SummaryMetrics();
    return {
      metrics,
      onRequest: counting(metrics),
      ownsStdout: false,
      summarise: (log) => log.info({ event: "metrics", ...metrics.summary() }, "metrics of this run"),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const metrics = new EmfMetrics({
    namespace: config.aws.metrics_namespace,
    service: worker.name,
    clock: systemClock,
    write: (line) => void stdout.write(line),
  });
  return {
    metrics,
    onRequest: counting(metrics),
    ownsStdout: true,
    summarise: () => undefined,
    [Symbol.asyncDispose]: () => metrics[Symbol.asyncDispose](),
  };
}

function counting(metrics: Metrics): OnRequest {
  return (api, operation) => metrics.count("aws_requests_total", 1, { api, operation });
}
