// A bounded hand-over of byte chunks from one producer to one consumer. What was put in before an error still comes out before it.

export class ByteQueue {
  readonly #limitBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #error: unknown;
  #wakeConsumer: (() => void) | undefined;
  readonly #waiting: { readonly below: number; readonly wake: () => void }[] = [];

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limitBytes;
  }

  put(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    this.#wakeConsumer?.();
  }

  /** No more chunks. With an error, the consumer meets it after the last chunk. */
  end(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wakeConsumer?.();
  }

  /** Resolves as soon as fewer than the limit's bytes are queued. */
  room(): Promise<void> {
    return this.#below(this.#limitBytes);
  }

  /** Resolves as soon as the consumer has taken everything. */
  empty(): Promise<void> {
    return this.#below(1);
  }

  /** The next chunk, or undefined after the last one. Throws the error that `end` was given. */
  async take(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#bytes -= chunk.length;
        this.#wakeProducers();
        return chunk;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeConsumer = resolve;
      });
      this.#wakeConsumer = undefined;
    }
  }

  /** The consumer has gone: whatever waits for room goes on. */
  abandon(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#wakeProducers();
  }

  #below(bytes: number): Promise<void> {
    if (this.#bytes < bytes) return Promise.resolve();
    return new Promise((wake) => this.#waiting.push({ below: bytes, wake }));
  }

  #wakeProducers(): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#bytes < this.#waiting[i]!.below) this.#waiting.splice(i, 1)[0]!.wake();
    }
  }
}
