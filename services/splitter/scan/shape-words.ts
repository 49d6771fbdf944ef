// The words between the values in the text of a shape (`shapeToJson`) and of a receipt's `types`, as the module finds them (layout.ts).
import { WORD_LENGTH, WORD_SHIFT } from "./wasm/assembly/layout.ts";

/** By number: the kinds of value in the order of their counters, then W_MIN and so on. A value's first member has a comma before it: the module puts a bracket there. */
const WORDS = [
  ',"null":',
  ',"boolean":',
  ',"integer":{"count":',
  ',"float":{"count":',
  ',"string":{"count":',
  ',"timestamptz":',
  ',"timestamp":',
  ',"date":',
  ',"object":',
  ',"array":',
  ',"min":"',
  '","max":"',
  '"}',
  ',"integer_digits":',
  ',"scale":',
  ',"significant_digits":',
  ',"bytes":',
  ',"keys":{',
  ',"whole":true',
  '{"event_type":',
  ',"lines":',
  ',"shape":',
];

/** All of them, each in as many bytes, the last of which is its length. */
export function shapeWords(): Uint8Array {
  const bytes = Buffer.alloc(WORDS.length << WORD_SHIFT);
  WORDS.forEach((word, index) => {
    const at = index << WORD_SHIFT;
    bytes[at + WORD_LENGTH] = bytes.write(word, at, "latin1");
  });
  return bytes;
}
