// Merges two streams that are both in ascending order of id, each id at most once.

export interface HasId {
  readonly id: string;
}

/** For each id in either stream: what the left and the right one have. Throws when a stream is out of order. */
export async function* mergeById<L extends HasId, R extends HasId>(
  left: AsyncIterator<L, unknown>,
  right: AsyncIterator<R, unknown>,
): AsyncGenerator<{ readonly id: string; readonly left?: L; readonly right?: R }, void, undefined> {
  let l = await advance(left);
  let r = await advance(right);
  while (l || r) {
    if (l && r && l.id === r.id) {
      yield { id: l.id, left: l, right: r };
      l = await advance(left, l.id);
      r = await advance(right, r.id);
    } else if (l && (!r || l.id < r.id)) {
      yield { id: l.id, left: l };
      l = await advance(left, l.id);
    } else if (r) {
      yield { id: r.id, right: r };
      r = await advance(right, r.id);
    }
  }
}

async function advance<T extends HasId>(
  stream: AsyncIterator<T, unknown>,
  before?: string,
): Promise<T | undefined> {
  const next = await stream.next();
  if (next.done) return undefined;
  if (before !== undefined && next.value.id <= before) {
    throw new Error(`a stream is out of order: ${next.value.id} after ${before}`);
  }
  return next.value;
}
