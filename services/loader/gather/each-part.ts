// Works on many stored parts at the same time, bounded in number and bytes: small objects on S3 have more latency than bytes.

/** Parts that are worked on at the same time, and their stored bytes together; one part alone may have more. */
const CONCURRENT_PARTS = 16;
const STORED_BYTES = 32 * 1024 * 1024;

/**
 * Calls `work` for each part, in order, several at the same time. When one has failed no other begins; rejects, when all under way have ended,
 * with what the first one threw.
 */
export async function eachPart<T extends { readonly bytes: number }>(
  parts: Iterable<T>,
  work: (part: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let bytes = 0;
  for (const part of parts) {
    while (running.size > 0 && (running.size >= CONCURRENT_PARTS || bytes + part.bytes > STORED_BYTES))
      await Promise.race(running);
    if (failures.length > 0) break;
    bytes += part.bytes;
    const one = work(part)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => {
        bytes -= part.bytes;
        running.delete(one);
      });
    running.add(one);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
