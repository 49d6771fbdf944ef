// Some kilobytes decompressed in the calling thread, by one stream for all of them and into one buffer: Node's one-call functions make a context and
// buffers each time, which takes several times as long as decompressing (measured: services/splitter/README.md).
import type { Transform } from "node:stream";
import { canWriteNow, writeNow } from "./zlib-now.ts";

/** Every decompressor of Node can be set back, which its types leave out. */
type Resettable = Transform & { reset(): void };

export class DecompressorNow {
  readonly #open: () => Transform;
  readonly #end: number;
  readonly #mostBytes: number;
  #stream: Resettable | undefined;
  #output: Uint8Array<ArrayBuffer> | undefined;

  /** `open`: a decompressor; `end`: its word for "that was all"; `mostBytes`: what may come of one call. */
  constructor(open: () => Transform, end: number, mostBytes: number) {
    this.#open = open;
    this.#end = end;
    this.#mostBytes = mostBytes;
  }

  /**
   * What comes of the pieces, each of them whole in itself (gzip members, or one zstd frame), one after the other; good until the next call. Undefined when it
   * is more than `mostBytes`, when anything is odd about a piece, or where Node's streams have changed.
   */
  decompress(pieces: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> | undefined {
    const stream = (this.#stream ??= this.#opened());
    if (!stream) return undefined;
    // With a byte to spare: a full buffer may not have taken all.
    const output = (this.#output ??= new Uint8Array(this.#mostBytes + 1));
    let bytes = 0;
    try {
      for (const piece of pieces) {
        // Else one that ends too early would go on with the next as if nothing were missing.
        stream.reset();
        const written = writeNow(stream, this.#end, piece, 0, output.subarray(bytes));
        if (!written || written.inputLeft > 0 || written.outputLeft === 0) return undefined;
        bytes = output.length - written.outputLeft;
      }
    } catch {
      // One that has failed cannot be used any more.
      this.#stream = undefined;
      return undefined;
    }
    return output.subarray(0, bytes);
  }

  #opened(): Resettable | undefined {
    const stream = this.#open();
    // Whoever asked has been told.
    stream.on("error", () => undefined);
    return canWriteNow(stream) && isResettable(stream) ? stream : undefined;
  }
}

function isResettable(stream: Transform): stream is Resettable {
  return "reset" in stream;
}
