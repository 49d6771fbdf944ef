// Groups what comes one by one, so that what costs much each time is done for many at once.

/** Lists of 1 to `size` items; an item waits `waitMs` at the most for others. Ends, and throws, as `items` does. */
export async function* batches<T>(
  items: AsyncIterable<T>,
  size: number,
  waitMs: number,
): AsyncGenerator<readonly T[], void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<T>> | undefined;
  try {
    for (;;) {
      const first = await (next ?? iterator.next());
      next = undefined;
      if (first.done) return;
      const batch = [first.value];
      const late = timeout(waitMs);
      while (batch.length < size) {
        next = iterator.next();
        const result = await Promise.race([next, late.promise]);
        if (result === undefined) break;
        next = undefined;
        if (result.done) {
          late.cancel();
          yield batch;
          return;
        }
        batch.push(result.value);
      }
      late.cancel();
      yield batch;
    }
  } finally {
    await iterator.return?.();
  }
}

function timeout(ms: number): { promise: Promise<undefined>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  return { promise, cancel: () => clearTimeout(timer) };
}
