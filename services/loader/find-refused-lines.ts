// Finds the lines of one unit that the warehouse refuses, by halving: first its parts, then the lines of a part. Nothing is committed
// while looking.
import { RouterError } from "../../shared/errors/router-error.ts";
import type { UnitPart } from "../../shared/ports/warehouse.ts";

export interface FindOptions {
  readonly parts: readonly UnitPart[];
  /** Whether the warehouse would take these parts; none, to see whether it is the lines that it minds. */
  readonly takesParts: (parts: readonly UnitPart[]) => Promise<boolean>;
  /** Whether the warehouse would take these lines of the part. */
  readonly takesLines: (part: UnitPart, lines: readonly number[]) => Promise<boolean>;
  /** The line numbers of one part. */
  readonly linesOf: (part: UnitPart) => Promise<readonly number[]>;
}

/** More refused lines than this in one unit are no accident of single lines. */
export const MAX_REFUSED_LINES = 100;
const MAX_PROBES = 1_000;

/** The refused lines, ascending. Throws WAREHOUSE_REFUSED when it is not single lines that are refused, or too many are. */
export async function findRefusedLines(options: FindOptions): Promise<readonly number[]> {
  const search = new Search(options);
  // Else every line would be found guilty.
  if (!(await search.takes(() => options.takesParts([])))) throw gaveUp("it is refused even without lines");
  await search.parts(options.parts);
  if (search.found.length === 0) throw gaveUp("no single line of it is refused");
  return search.found.toSorted((a, b) => a - b);
}

class Search {
  readonly found: number[] = [];
  readonly #options: FindOptions;
  #probes = 0;

  constructor(options: FindOptions) {
    this.#options = options;
  }

  async parts(parts: readonly UnitPart[]): Promise<void> {
    if (parts.length === 0 || (await this.takes(() => this.#options.takesParts(parts)))) return;
    if (parts.length === 1) return await this.#lines(parts[0]!, await this.#options.linesOf(parts[0]!));
    const middle = Math.ceil(parts.length / 2);
    await this.parts(parts.slice(0, middle));
    await this.parts(parts.slice(middle));
  }

  /** `lines` are known to be refused together. */
  async #lines(part: UnitPart, lines: readonly number[]): Promise<void> {
    if (lines.length === 1) {
      this.found.push(lines[0]!);
      if (this.found.length > MAX_REFUSED_LINES)
        throw gaveUp(`more than ${MAX_REFUSED_LINES} lines of it are refused`);
      return;
    }
    const middle = Math.ceil(lines.length / 2);
    for (const half of [lines.slice(0, middle), lines.slice(middle)]) {
      if (!(await this.takes(() => this.#options.takesLines(part, half)))) await this.#lines(part, half);
    }
  }

  async takes(probe: () => Promise<boolean>): Promise<boolean> {
    if (++this.#probes > MAX_PROBES)
      throw gaveUp(`its refused lines were not found within ${MAX_PROBES} probes`);
    return await probe();
  }
}

function gaveUp(why: string): RouterError {
  return new RouterError("WAREHOUSE_REFUSED", `The warehouse refuses the unit, and ${why}.`);
}
