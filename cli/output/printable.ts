// Keys, event types and lines come from strangers: what they say must not steer the terminal that shows them.

/** Control characters, line and paragraph separators, bidirectional overrides, zero-width marks, and lone surrogates. */
const STEERING = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/gu;

/** The text on one line with everything that steers a terminal written as an escape. */
export function printable(text: string): string {
  return text.replace(STEERING, (char) => {
    if (char === "\n") return String.raw`\n`;
    if (char === "\r") return String.raw`\r`;
    if (char === "\t") return String.raw`\t`;
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Bytes as text on one line: UTF-8 where it is, `\xNN` for what is not. */
export function printableBytes(bytes: Uint8Array, limit = Number.MAX_SAFE_INTEGER): string {
  const cut = bytes.subarray(0, limit);
  const text = decode(cut);
  const rest = bytes.length - cut.length;
  return rest > 0 ? `${text}… (${rest} more bytes)` : text;
}

function decode(bytes: Uint8Array): string {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return printable(strict.decode(bytes));
  } catch {
    // A byte at a time where UTF-8 breaks: rare lines, and never long ones on a screen.
    return printable(Buffer.from(bytes).toString("latin1")).replace(
      /[\u0080-\u00ff]/g,
      (char) => `\\x${char.charCodeAt(0).toString(16)}`,
    );
  }
}
