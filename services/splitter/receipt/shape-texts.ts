// The shapes of a source's event types as JSON text: a tenth of what their trees take. Beyond the receipt's limit they go on into the
// compressed sidecar, so that their number does not matter.
import { createZstdCompress } from "node:zlib";
import type { ShapesSidecar } from "../../../shared/contracts/receipt.ts";
import { shapeToJson } from "../../../shared/shape/shape-json.ts";
import type { Shape } from "../../../shared/shape/shape.ts";

const SIDECAR: Omit<ShapesSidecar, "shapes"> = { format: "log-router/shapes", version: 1 };
const HEAD = JSON.stringify({ ...SIDECAR, shapes: [] }).slice(0, -2);

/** What a receipt and its sidecar take from the shapes. */
export interface Shapes {
  /** Of the texts together. */
  readonly bytes: number;
  /** The JSON text of each event type's shape; undefined when they are too large for a receipt. */
  readonly texts: ReadonlyMap<string, string> | undefined;
  /** `partTexts` with the shapes, where somebody has made them already; bytes are UTF-8. */
  readonly partTexts?: readonly (string | Uint8Array)[];
  /** The sidecar object, compressed. To be called once. */
  sidecar(): Promise<Uint8Array>;
}

export class ShapeTexts implements Shapes {
  readonly #maxBytes: number;
  readonly #texts = new Map<string, string>();
  #bytes = 0;
  #sidecar: SidecarBody | undefined;

  /** `maxBytes`: from there on the texts can only be had as a sidecar. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get texts(): ReadonlyMap<string, string> | undefined {
    return this.#sidecar ? undefined : this.#texts;
  }

  /** Each event type once. */
  add(eventType: string, shape: Shape): Promise<void> {
    return this.addText(eventType, JSON.stringify(shapeToJson(shape)));
  }

  /** As `add`, for a shape's JSON text. */
  async addText(eventType: string, text: string): Promise<void> {
    this.#bytes += Buffer.byteLength(text);
    if (!this.#sidecar) this.#texts.set(eventType, text);
    if (this.#sidecar) await this.#sidecar.add(eventType, text);
    else if (this.#bytes > this.#maxBytes) await this.#openSidecar();
  }

  async sidecar(): Promise<Uint8Array> {
    return (this.#sidecar ?? (await this.#openSidecar())).end();
  }

  async #openSidecar(): Promise<SidecarBody> {
    this.#sidecar = new SidecarBody();
    for (const [eventType, text] of this.#texts) {
      this.#texts.delete(eventType);
      await this.#sidecar.add(eventType, text);
    }
    return this.#sidecar;
  }
}

class SidecarBody {
  readonly #zstd = createZstdCompress();
  readonly #pieces: Uint8Array[] = [];
  #before = HEAD;

  constructor() {
    this.#zstd.on("data", (piece: Uint8Array) => this.#pieces.push(piece));
    // The callback of the write has it too.
    this.#zstd.on("error", () => undefined);
  }

  add(eventType: string, text: string): Promise<void> {
    const before = this.#before;
    this.#before = ",";
    return this.#write(`${before}{"event_type":${JSON.stringify(eventType)},"shape":${text}}`);
  }

  async end(): Promise<Uint8Array> {
    await this.#write(`${this.#before === HEAD ? HEAD : ""}]}`);
    await new Promise<void>((resolve, reject) => {
      this.#zstd.once("error", reject).once("end", resolve).end();
    });
    return Buffer.concat(this.#pieces);
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#zstd.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }
}
