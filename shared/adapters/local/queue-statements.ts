// Every statement of the SQLite queue. Parameters in the order of their marks; times in milliseconds since the epoch.

/** Rows of one transaction: other processes wait no longer than these take. */
export const ROWS_PER_TRANSACTION = 500;

/** A message, visible at once or later. */
export const INSERT = "INSERT INTO messages (queue, body, sent_at, visible_at) VALUES (?, ?, ?, ?)";
/** Messages that may be delivered, longest due first. */
export const DUE = `SELECT id, receives, lease IS NOT NULL AS expired FROM messages
  WHERE queue = ? AND dead_at IS NULL AND visible_at <= ? ORDER BY visible_at, id LIMIT ?`;
/** Gives one delivery a lease; tells of a lease that ran out before. */
export const LEASE = `UPDATE messages SET receives = receives + 1, visible_at = ?, lease = ?, last_error = CASE WHEN ? THEN ? ELSE last_error END
  WHERE id = ? RETURNING id, body, receives, sent_at, last_error`;
/** A heartbeat; nothing when the lease is another's by now. */
export const EXTEND = "UPDATE messages SET visible_at = ? WHERE id = ? AND lease = ?";
/** Leases that have not run out. */
export const LEASES = `SELECT DISTINCT lease FROM messages
  WHERE queue = ? AND dead_at IS NULL AND visible_at > ? AND lease IS NOT NULL`;
/** Makes the messages of one lease due. */
export const FREE =
  "UPDATE messages SET visible_at = ? WHERE queue = ? AND dead_at IS NULL AND visible_at > ? AND lease = ?";
/** Whoever has the message by now: its work is durable. */
export const SETTLE = "DELETE FROM messages WHERE id = ?";
/** Gives a message back under its lease. */
export const SHOW = `UPDATE messages SET visible_at = ?, lease = NULL, last_error = coalesce(?, last_error), receives = receives - ?
  WHERE id = ? AND lease = ?`;
/** To the dead letters, once. */
export const KILL = `UPDATE messages SET dead_at = ?, lease = NULL, last_error = coalesce(?, last_error) WHERE id = ? AND dead_at IS NULL`;
/** Counts, each from an index. */
export const DEPTH = `SELECT
  (SELECT count(*) FROM messages WHERE queue = :queue AND dead_at IS NULL AND visible_at <= :now) AS visible,
  (SELECT count(*) FROM messages WHERE queue = :queue AND dead_at IS NULL AND visible_at > :now AND lease IS NOT NULL) AS in_flight,
  (SELECT count(*) FROM messages WHERE queue = :queue AND dead_at IS NULL AND visible_at > :now AND lease IS NULL) AS delayed,
  (SELECT count(*) FROM messages WHERE queue = :queue AND dead_at IS NOT NULL) AS dead`;
/** Oldest first. */
export const DEAD_LETTERS = `SELECT id, body, receives, sent_at, dead_at, last_error FROM messages
  WHERE queue = ? AND dead_at IS NOT NULL ORDER BY dead_at, id LIMIT ?`;
/** Dead letters back, a transaction's worth; they count from 1 again. */
export const REDRIVE = `UPDATE messages SET dead_at = NULL, receives = 0, visible_at = ? WHERE id IN
  (SELECT id FROM messages WHERE queue = ? AND dead_at IS NOT NULL ORDER BY dead_at, id LIMIT ${ROWS_PER_TRANSACTION})`;
