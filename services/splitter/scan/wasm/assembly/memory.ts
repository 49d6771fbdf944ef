// Reading and writing memory: the cells, and single bytes.
import { CELLS } from "./layout";

@inline
export function cell(n: i32): i32 {
  return load<i32>(CELLS + (n << 2));
}

@inline
export function setCell(n: i32, value: i32): void {
  store<i32>(CELLS + (n << 2), value);
}

/** The byte at `p` + `offset`, 0 to 255. */
@inline
export function byteAt(p: i32, offset: i32 = 0): i32 {
  return load<u8>(p + offset);
}
