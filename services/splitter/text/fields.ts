// From the texts that a pattern has cut out of a line to the members of an object.

/** How the text of a field becomes a JSON value. */
export type FieldKind = "text" | "number" | "clf_time" | "time";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const CLF_TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** The JSON text of a field's value; undefined when the field is absent (`-`, empty, or not in the line). What does not fit its kind stays text. */
export function fieldJson(text: string | undefined, kind: FieldKind): string | undefined {
  if (text === undefined || text === "" || text === "-") return undefined;
  if (kind === "number" && JSON_NUMBER.test(text)) return text;
  return JSON.stringify(kind === "clf_time" ? clfTime(text) : text);
}

/** `10/Oct/2000:13:55:36 -0700` → `2000-10-10T13:55:36-07:00`; anything else stays as it is. */
export function clfTime(text: string): string {
  const match = CLF_TIME.exec(text);
  const month = match ? MONTHS.indexOf(match[2]!) + 1 : 0;
  if (!match || month === 0) return text;
  return `${match[3]}-${String(month).padStart(2, "0")}-${match[1]}T${match[4]}${match[5]}:${match[6]}`;
}
