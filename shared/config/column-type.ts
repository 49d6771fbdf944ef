// Column types as the configuration writes them.
import type { ColumnType } from "../schema/types.ts";
import { COLUMN_TYPE_PATTERN } from "./patterns.ts";

/** Most digits of a decimal, here and on Redshift. */
export const MAX_DECIMAL_DIGITS = 38;
/** Most digits behind the point of a decimal (Redshift: 37). */
export const MAX_DECIMAL_SCALE = 37;

/** True for the types that a path can be pinned to (`hash` comes only from the setting `hash`). */
export function isColumnType(text: string): text is ColumnType {
  return COLUMN_TYPE_PATTERN.test(text);
}
