import assert from "node:assert/strict";
import pino from "pino";
import { MemoryMetrics } from "../../../shared/adapters/memory/memory-metrics.ts";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { housekeepingFailed } from "../../../services/loader/events.ts";

describe("housekeepingFailed", () => {
  function told(error: unknown): string[] {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
    housekeepingFailed({ log, metrics: new MemoryMetrics() }, "reading pending units", error);
    return lines;
  }

  it("tells a failure", () => {
    assert.match(told(new Error("the disk is full")).join(""), /housekeeping_failed.+the disk is full/);
  });

  it("is silent when the loader's own stop has cut the work off", () => {
    assert.deepEqual(told(new RouterError("ABORTED", "The loader was stopped.", { retryable: true })), []);
  });
});
