// The data was refused: by the checks here, or by COPY. Thrown inside this folder, answered as `refused` by the port's methods.
import type { LoadResult, RefusedLine } from "../../ports/warehouse.ts";

export class Refused extends Error {
  readonly table: string;
  readonly lines: readonly RefusedLine[];

  constructor(table: string, reason: string, lines: readonly RefusedLine[] = []) {
    super(reason);
    this.name = "Refused";
    this.table = table;
    this.lines = lines;
  }

  toResult(): Extract<LoadResult, { kind: "refused" }> {
    const lines = this.lines.length > 0 ? { lines: this.lines } : {};
    return { kind: "refused", table: this.table, reason: this.message, ...lines };
  }
}
