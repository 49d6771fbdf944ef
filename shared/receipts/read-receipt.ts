// One receipt, read and checked whole.
import { z } from "zod";
import { parseReceiptKey } from "../contracts/keys.ts";
import { checkReceipt, RECEIPT_FORMAT, RECEIPT_VERSION, type Receipt } from "../contracts/receipt.ts";
import { RouterError } from "../errors/router-error.ts";
import type { ObjectStore } from "../ports/object-store.ts";

/**
 * Reads the receipt with this key. Throws what the store throws (OBJECT_GONE …), and RECEIPT_INVALID when it is not a receipt, not this
 * key's, or its numbers do not add up; retryable only when its version is unknown, for then a newer loader may read it.
 */
export async function readReceipt(
  store: ObjectStore,
  bucket: string,
  key: string,
  signal?: AbortSignal,
): Promise<Receipt> {
  const bytes = await store.getBytes({ bucket, key }, signal);
  return parseReceipt(bytes, key);
}

/** As `readReceipt`, for bytes in hand. */
export function parseReceipt(bytes: Uint8Array, key: string): Receipt {
  const json = parseJson(bytes, key);
  refuseOtherVersions(json, key);
  const parsed = checkReceipt(json);
  if (!parsed.success) throw invalid(key, z.prettifyError(parsed.error));
  const receipt = parsed.data;
  checkIdentity(receipt, key);
  checkAccounting(receipt, key);
  return receipt;
}

function parseJson(bytes: Uint8Array, key: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(key, error instanceof Error ? error.message : "not JSON");
  }
}

function refuseOtherVersions(json: unknown, key: string): void {
  if (!isObject(json) || !("format" in json) || json.format !== RECEIPT_FORMAT) {
    throw invalid(key, `its format is not ${RECEIPT_FORMAT}`);
  }
  const version = "version" in json ? json.version : undefined;
  if (version === RECEIPT_VERSION) return;
  const shown = typeof version === "number" ? String(version) : "without a number";
  throw new RouterError(
    "RECEIPT_INVALID",
    `The receipt ${key} has version ${shown}; this program reads version ${RECEIPT_VERSION}. Update it to the splitter's release.`,
    { retryable: true, details: { key } },
  );
}

function checkIdentity(receipt: Receipt, key: string): void {
  const named = parseReceiptKey(key);
  if (named?.source !== receipt.source.id || named.generation !== receipt.generation) {
    throw invalid(key, `it is the receipt of ${receipt.source.id}, generation ${receipt.generation}`);
  }
}

function checkAccounting(receipt: Receipt, key: string): void {
  if (receipt.state !== "split") return;
  const { total, rows, quarantined, dropped, blank } = receipt.lines;
  if (total !== rows + quarantined + dropped + blank) {
    throw invalid(key, `${total} lines are not ${rows} + ${quarantined} + ${dropped} + ${blank}`);
  }
  let lines = 0;
  const partKeys = new Set<string>();
  for (const part of receipt.parts) {
    if (partKeys.has(part.key)) throw invalid(key, `it names the part ${part.key} twice`);
    partKeys.add(part.key);
    if (new Set(part.types.map((type) => type.event_type)).size < part.types.length) {
      throw invalid(key, `an event type stands twice at the part ${part.key}`);
    }
    for (const type of part.types) lines += type.lines;
  }
  if (lines !== rows) throw invalid(key, `its parts have ${lines} lines, promised are ${rows}`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A receipt that nobody can use. */
export function invalid(key: string, why: string): RouterError {
  return new RouterError("RECEIPT_INVALID", `The receipt ${key} cannot be used: ${why}.`, {
    details: { key },
  });
}
