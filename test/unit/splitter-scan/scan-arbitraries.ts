// Sources as the scanner may meet them: regular lines, odd ones, damaged ones.
import fc from "fast-check";
import { json, objectJson, text } from "../shape/arbitraries.ts";

const types = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "order_created", "é") },
  { weight: 1, arbitrary: text },
);

/** An object with an event type somewhere, or nowhere. */
const event = fc
  .tuple(
    objectJson,
    types,
    fc.constantFrom('"event":', '"type" : ', '"\\u0065vent":', '"meta":{"a":1,"type":', '"none":'),
    fc.boolean(),
  )
  .map(([object, type, member, first]) => {
    const typed = `${member}${JSON.stringify(type)}${member.includes("{") ? "}" : ""}`;
    const inside = object.slice(1, -1).trim();
    if (inside === "") return `{${typed}}`;
    return first ? `{${typed},${inside}}` : `{${inside},${typed}}`;
  });

const regular = fc
  .tuple(
    fc.constantFrom("a", "b"),
    fc.integer(),
    fc.array(fc.tuple(fc.constantFrom("x", "y", "z"), fc.boolean()), { maxLength: 3 }),
  )
  .map(([type, id, tags]) =>
    JSON.stringify({ event: type, id, tags, user: { id, name: `n${id}`, at: "2024-02-29T01:02:03Z" } }),
  );

const damage = fc.tuple(
  fc.nat(),
  fc.constantFrom("flip", "insert", "cut", "tear"),
  fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[]:,0-.eEu \t\r')), fc.nat(255)),
);

const line = fc.oneof(
  { weight: 5, arbitrary: event.map((document) => Buffer.from(document)) },
  { weight: 2, arbitrary: regular.map((document) => Buffer.from(document)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.oneof(event, regular), damage)
      .map(([document, how]) => damaged(Buffer.from(document), how)),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(json, fc.constantFrom("", " ", "\t", "{}", "[]")).map((value) => Buffer.from(value)),
  },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 6 })
      .map((bytes) => Buffer.from(bytes).map((byte) => (byte === 10 ? 11 : byte))),
  },
);
const newline = fc.constantFrom("\n", "\n", "\n", "\r\n").map((end) => Buffer.from(end));
/** Bytes of a source of up to 30 lines. */
export const file = fc
  .array(fc.tuple(line, newline), { maxLength: 30 })
  .map((lines) => Buffer.concat(lines.flat() as Uint8Array[]));

function damaged(document: Buffer, [where, how, byte]: [number, string, number]): Buffer {
  const at = where % (document.length + 1);
  const safe = byte === 10 ? 11 : byte;
  if (how === "tear") return document.subarray(0, at);
  const tail = document.subarray(how === "insert" ? at : at + 1);
  return Buffer.concat([document.subarray(0, at), Buffer.from(how === "cut" ? [] : [safe]), tail]);
}
