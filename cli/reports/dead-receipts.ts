// Receipts whose loading was given up: their messages are among the dead letters of the load queue, with the reason.
import { parseReceiptKey } from "../../shared/contracts/keys.ts";
import { parseNotification } from "../../shared/contracts/notification.ts";
import type { Queue } from "../../shared/ports/queue.ts";

/** Letters looked through; `log-router dead list` has all of them. */
const LETTERS = 1_000;

/** Source id → why, of the letters that name a receipt. */
export async function deadReceipts(
  loadQueue: Queue,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  for (const { body, reason } of await loadQueue.deadLetters(LETTERS, signal)) {
    const notification = parseNotification(body);
    if (notification.kind !== "objects") continue;
    for (const { key } of notification.objects) {
      const receipt = parseReceiptKey(key);
      if (receipt) reasons.set(receipt.source, reason ?? "no reason was kept");
    }
  }
  return reasons;
}
