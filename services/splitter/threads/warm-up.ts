// What a scanner does for the first time takes it many times as long: the module is compiled, as are the functions that call it, each when it is
// first called. A thread does all that while there is nothing to scan yet.
import { BlockScanner } from "../scan/block-scanner.ts";

/** So much that V8 compiles the module's innermost functions for good. */
const BLOCKS = 3;
const LINES = 400;
const NEVER = "never";

/** Scans a few lines made up here, in a scanner of its own; its memory is used again by the next one. */
export function warmUp(): void {
  const block = Buffer.from(
    Array.from({ length: LINES }, (_, i) => `${JSON.stringify(event(i))}\n`).join(""),
  );
  const scanner = new BlockScanner({
    sourceId: "",
    eventTypePaths: [["event_type"]],
    keysPerDepth: [LINES, LINES, LINES],
    fate: () => "keep",
  });
  let offset = 0;
  for (let i = 0; i < BLOCKS; i++, offset += block.length) {
    const { segments } = scanner.scan(block, i * LINES + 1, offset);
    scanner.recycle(segments.bytes.buffer);
  }
  for (const _ of scanner.lastShapes([NEVER])) break;
  scanner.close();
}

function event(i: number): unknown {
  const details = {
    id: `${i}-abc`,
    count: i,
    price: i / 4,
    at: "2024-01-01T00:00:00Z",
    tags: ["a", "b"],
    ok: i % 2 === 0,
  };
  return {
    event_type: `type_${i % 7}`,
    [`only_${i % 7}`]: null,
    ...details,
    more: [details, { deep: details }],
    text: 'a "b" \u00e9 \u20ac\n',
  };
}
