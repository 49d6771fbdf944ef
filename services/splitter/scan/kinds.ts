// Kinds of value as small integers, in the order of the counters that each path has.
import {
  ARRAY,
  BOOLEAN,
  DATE,
  FLOAT,
  INTEGER,
  NULL,
  OBJECT,
  STRING,
  TIMESTAMP,
  TIMESTAMPTZ,
  WHOLE,
} from "./wasm/assembly/layout.ts";

export const KIND = {
  NULL,
  BOOLEAN,
  INTEGER,
  FLOAT,
  STRING,
  TIMESTAMPTZ,
  TIMESTAMP,
  DATE,
  OBJECT,
  ARRAY,
  WHOLE,
} as const;

/** Digits of a float, each below 1,024, in one integer. */
export function packDigits(integerDigits: number, scale: number, significantDigits: number): number {
  return (integerDigits << 20) | (scale << 10) | significantDigits;
}
