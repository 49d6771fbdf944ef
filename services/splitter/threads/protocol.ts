// What the main thread and the scanner threads say to one another. Buffers are shared or transferred, never copied.
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import type { Shape } from "../../../shared/shape/shape.ts";
import type { Block } from "../frame/framed.ts";
import type { FrameInPlace } from "../parts/frame-compressor.ts";
import type { SmallSource, SmallSplit } from "../small/split-small.ts";
import type { ScannedBlock } from "./source-scanner.ts";

/** What a thread gets when it starts. */
export interface ThreadData {
  /** In shared memory: how many jobs it has done. */
  readonly done: Int32Array;
}

/** `job` numbers requests; answers carry it back. A session is one source in one attempt. */
export type ToThread =
  /** What sources may go by. Without a configuration, that of the settings before. */
  | {
      readonly kind: "settings";
      readonly number: number;
      readonly config: Config | undefined;
      readonly settings: SourceSettings;
    }
  /** `settings`: the number of those that were told. */
  | {
      readonly kind: "open";
      readonly session: number;
      readonly sourceId: string;
      readonly settings: number;
    }
  | {
      readonly kind: "scan";
      readonly session: number;
      readonly job: number;
      readonly block: Block;
      /** Shared memory for part lines, of a result that was written. */
      readonly spare: ArrayBuffer | undefined;
    }
  | {
      readonly kind: "shapes";
      readonly session: number;
      readonly job: number;
      /** Missing: all event types that were not asked for yet. */
      readonly eventTypes: readonly string[] | undefined;
    }
  /** The same as JSON text, where there is nothing to merge it with. */
  | {
      readonly kind: "shapeTexts";
      readonly session: number;
      readonly job: number;
      readonly eventTypes: readonly string[];
    }
  /** A frame of part lines in shared memory, to be compressed by zstd into the same memory. */
  | { readonly kind: "compress"; readonly job: number; readonly raw: Uint8Array; readonly level: number }
  | { readonly kind: "close"; readonly session: number }
  /** A source in one piece, from stored bytes to those of its parts. */
  | {
      readonly kind: "small";
      readonly job: number;
      readonly settings: number;
      readonly source: SmallSource;
    };

export type FromThread =
  | { readonly kind: "scanned"; readonly job: number; readonly result: ScannedBlock }
  /** Shapes come in several answers, so that neither side holds them all twice; the job ends with the one that has `isLast`. */
  | {
      readonly kind: "shapes";
      readonly job: number;
      readonly shapes: Map<string, Shape>;
      readonly isLast: boolean;
    }
  | { readonly kind: "shapeTexts"; readonly job: number; readonly texts: Map<string, string> }
  | { readonly kind: "compressed"; readonly job: number; readonly frame: FrameInPlace | undefined }
  | { readonly kind: "small"; readonly job: number; readonly split: SmallSplit | undefined }
  | { readonly kind: "failed"; readonly job: number; readonly message: string };
