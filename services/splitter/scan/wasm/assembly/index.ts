// The scanner's inner loop as a WebAssembly module: `run` takes the lines of a block one after the other until JavaScript has to look at one.
// Everything it knows stands in the memory that layout.ts describes.
import { cell, setCell } from "./memory";
import { count } from "./counters";
import { hostSettle } from "./host";
import {
  ASK, AT, BLANK, BODY_END, BODY_START, CUT, DONE, DROP, DROPPED, FULL, HEAD_LENGTH, HOME, INDEX, KEEP, MAX_LINE_BYTES, MAX_ROWS,
  NEWLINES, NEXT_RECORD, ODD, OUT_LIMIT, OUT_TOTAL, ROW_COUNT, TYPE, TYPELESS, TYPE_FATE, TYPE_MEMBER_LENGTH,
} from "./layout";
import { hasNewlines, IS_BLANK, IS_ODD, scanLine } from "./line";
import { row } from "./rows";

export { beginRows, layOut, lineLength, row } from "./rows";
export { count, forget } from "./counters";
export { shapeText, typeText } from "./shapes";

/** Twice the bytes of a line but for its number, at most. */
const SURELY_FITS = MAX_LINE_BYTES - 100;

/** Scans text lines from AT up to `end`. Returns DONE, or what is to be done with the line at AT, which has the number INDEX. */
export function run(end: i32): i32 {
  let at = cell(AT);
  let index = cell(INDEX);
  let answer = DONE;
  while (at < end) {
    answer = record(at, index, -1);
    if (answer != DONE) break;
    at = cell(NEXT_RECORD);
    index++;
  }
  setCell(AT, at);
  setCell(INDEX, index);
  return answer;
}

/** Scans one framed record. */
export function runRecord(start: i32, end: i32, index: i32): i32 {
  setCell(AT, start);
  setCell(INDEX, index);
  return record(start, index, end);
}

@inline
function record(at: i32, index: i32, recordEnd: i32): i32 {
  if (cell(FULL) != 0 || cell(ROW_COUNT) >= MAX_ROWS || cell(OUT_TOTAL) >= OUT_LIMIT) return CUT;
  const what = scanLine(at, recordEnd);
  if (what == IS_ODD) return ODD;
  if (what == IS_BLANK) {
    setCell(BLANK, cell(BLANK) + 1);
    return DONE;
  }
  const type = cell(TYPE);
  if (type < 0) return TYPELESS;
  const fate = load<i32>(TYPE_FATE + (type << 2));
  if (fate == DROP) {
    setCell(DROPPED, cell(DROPPED) + 1);
    return DONE;
  }
  if (fate != KEEP) return ASK;
  if (hasNewlines) return NEWLINES;
  const start = cell(BODY_START);
  const end = cell(BODY_END);
  if ((end - start + load<i32>(TYPE_MEMBER_LENGTH + (type << 2)) + cell(HEAD_LENGTH)) * 2 >= SURELY_FITS) return ASK;
  if (!settle()) return ODD;
  row(type, index, start, end);
  count();
  return DONE;
}

/** Moves the values of the line just scanned to the tree of its event type, if they are not there; false when it has no room for them. */
export function settle(): bool {
  return cell(HOME) == cell(TYPE) || hostSettle() != 0;
}
