// Names that both workers, every warehouse and the documents share.

/** System members that the splitter puts in front of each part line, in this order. */
export const SOURCE_MEMBER = "_lr_source";
export const LINE_MEMBER = "_lr_line";
export const EVENT_TYPE_MEMBER = "_lr_event_type";
/** Member with the values that no warehouse could hold as they are: `[{"p": "<JSON array of keys>", "t": ["<JSON text>", …]}]`. */
export const RESCUED_MEMBER = "_lr_rescued";
/** Column with the time of the load; never part of a line. */
export const LOADED_AT_COLUMN = "_lr_loaded_at";
export const SYSTEM_PREFIX = "_lr_";

/** Event type of the parts that take the types beyond `max_types_per_source`; the lines keep their own `_lr_event_type`. */
export const OTHER_EVENT_TYPE = "_lr_other";

/** Why a line is in quarantine. A closed list: receipts, metrics and `log-router quarantine` use it. */
export const QUARANTINE_REASONS = [
  "invalid_json",
  "invalid_utf8",
  "not_an_object",
  "line_too_long",
  "no_event_type",
  "not_matched",
  "by_rule",
  "not_framed",
  "warehouse_refused",
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

export type Lane = "live" | "backfill";

/** Longest line as written to a part, in bytes, each `|` counted twice (Redshift COPY: 4 MB a JSON object). */
export const MAX_LINE_BYTES = 4_000_000;
/** Longest string a warehouse takes, in UTF-8 bytes (Redshift VARCHAR(MAX), strings in SUPER). */
export const MAX_STRING_BYTES = 65_535;
/** Deepest nesting (Redshift SUPER): the line's object is level 1. */
export const MAX_DEPTH = 1_000;
/** Longest key that becomes an address, in UTF-8 bytes. */
export const MAX_KEY_BYTES = 127;
/** Longest event type, in UTF-8 bytes. */
export const MAX_EVENT_TYPE_BYTES = 200;
