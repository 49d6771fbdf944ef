// The known word that a mistyped one most likely meant.

/**
 * The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `word`, or undefined when even that one has
 * more than a third of the word changed. Case and `-`/`_` do not count as edits.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = word.length < 2 ? 0 : Math.max(1, Math.floor(word.length / 3));
  let best: { word: string; edits: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const edits = editsBetween(fold(word), fold(candidate));
    if (edits <= limit && (best === undefined || edits < best.edits)) best = { word: candidate, edits };
  }
  return best?.word;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll("-", "_");
}

/** Optimal string alignment distance, by rows. */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
