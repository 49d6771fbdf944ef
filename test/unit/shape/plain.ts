// Plain values of JSON texts, by the strict parser. JSON.parse judges what is JSON in these tests; its values are not compared with, because
// V8 13.6 gives an escaped key a wrong name after an object with the key `\` at the same place: JSON.parse('{"b":0,"\\\\":1}')
// makes JSON.parse('{"b":0,"\\t":1}') wrong.
import { parseJson, type JsonValue } from "../../../shared/shape/parse-json.ts";

export type Plain = null | boolean | number | string | Plain[] | PlainObject;
export interface PlainObject {
  [key: string]: Plain;
}

/** The plain value, the last of duplicate members winning. */
export function plain(value: JsonValue): Plain {
  if (value.type === "object") {
    return Object.fromEntries(value.members.map((member) => [member.key, plain(member.value)]));
  }
  if (value.type === "array") return value.items.map(plain);
  if (value.type === "number") return Number(value.text);
  if (value.type === "string") return value.value;
  return value.type === "null" ? null : value.end - value.start === 4;
}

export function parsePlain(text: string): Plain {
  return plain(parseJson(text));
}

/** The value of a text that is an object. */
export function parseObject(text: string): PlainObject {
  const value = parsePlain(text);
  if (!isObject(value)) throw new Error("not an object");
  return value;
}

export function isObject(value: Plain | undefined): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
