// Making new names durable. A name is in its folder, the folder's own name is in the one above it, and so on: all of them have to be on the disk, whoever
// has made the folders, and however long ago.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "./file-errors.ts";
import type { GroupFlush } from "./group-flush.ts";

/** What is told of names that are given below the root of a store. */
export interface NameFlush {
  /** Resolves when a name given in the folder before the call is durable, or will be with the batch that it belongs to. */
  sync(folder: string): Promise<void>;
  /** A folder was missing and has been made: the highest, when there were several. */
  made(folder: string): void;
}

export class NewNames implements NameFlush {
  readonly #root: string;
  readonly #flushes: GroupFlush;
  /** Folders in which the root's own name, and those of folders above it, are not known to be durable. */
  #aboveRoot: readonly string[];
  /** Folders in the root that were written to and whose names are not known to be durable. */
  readonly #seen = new Set<string>();
  /** Those whose names are: they need not be flushed for each of thousands of objects. */
  readonly #durable = new Set<string>();
  /** How often a folder in the root, or the root, was made. */
  #makings = 0;

  constructor(root: string, flushes: GroupFlush) {
    this.#root = root;
    this.#flushes = flushes;
    this.#aboveRoot = foldersAbove(root);
  }

  /** The folders to be flushed, in any order, for a name in `folder`, which is the root or below it. */
  foldersOf(folder: string): readonly string[] {
    const folders = [folder];
    for (let at = folder; at.length > this.#root.length && !this.#durable.has(at); at = dirname(at)) {
      if (dirname(at) === this.#root) this.#seen.add(at);
      folders.push(dirname(at));
    }
    return folders;
  }

  async sync(folder: string): Promise<void> {
    await Promise.all(this.foldersOf(folder).map(this.flush));
  }

  made(folder: string): void {
    if (folder === this.#root || dirname(folder) === this.#root) this.#makings++;
    for (const known of this.#durable)
      if (known === folder || folder === this.#root || known.startsWith(`${folder}/`))
        this.#durable.delete(known);
  }

  /** Flushes one folder. */
  readonly flush = async (folder: string): Promise<void> => {
    if (folder !== this.#root) return this.#flushes.directory(folder);
    // What comes to be seen while this is under way may have been made after the flush.
    const seen = [...this.#seen];
    const makings = this.#makings;
    await Promise.all([this.#flushes.directory(folder), ...this.#aboveRoot.map(this.#flushAbove)]);
    this.#aboveRoot = [];
    // One of them may have been removed and made anew after the flush began.
    if (makings !== this.#makings) return;
    for (const known of seen) {
      this.#seen.delete(known);
      this.#durable.add(known);
    }
  };

  readonly #flushAbove = async (folder: string): Promise<void> => {
    try {
      await this.#flushes.directory(folder);
    } catch (error) {
      // One that may not be read cannot be flushed, and is of somebody else, who made it long ago.
      if (errnoOf(error) !== "EACCES") throw error;
    }
  };
}

/** The folders above `folder`, up to the top of its file system: who made them, and when, is not known. */
function foldersAbove(folder: string): readonly string[] {
  const { dev } = statSync(folder);
  const above: string[] = [];
  for (let at = dirname(folder); at !== above.at(-1) && statSync(at).dev === dev; at = dirname(at))
    above.push(at);
  return above;
}
