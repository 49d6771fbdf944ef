// How often SQS has handed out which message, as the proxy in front of it sees it: the answers of ReceiveMessage.
import type { Answer, ProxiedRequest } from "../../helpers/fault-proxy.ts";

export interface Delivery {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly queueUrl: string;
  readonly body: string;
}

export class Deliveries {
  readonly #all: Delivery[] = [];
  readonly #answered = new Map<string, number>();

  /** For the proxy in front of SQS. */
  readonly onAnswer = (request: ProxiedRequest, answer: Answer): void => {
    if (request.operation !== "ReceiveMessage" || answer.status !== 200) return;
    const { QueueUrl: queueUrl } = JSON.parse(request.body.toString()) as { QueueUrl: string };
    this.#answered.set(queueUrl, this.answered(queueUrl) + 1);
    const { Messages = [] } = JSON.parse(answer.body.toString()) as {
      Messages?: { MessageId: string; ReceiptHandle: string; Body: string }[];
    };
    for (const { MessageId: messageId, ReceiptHandle: receiptHandle, Body: body } of Messages)
      this.#all.push({ messageId, receiptHandle, queueUrl, body });
  };

  /** Receives of this queue that have ended, with messages or without. */
  answered(queueUrl: string): number {
    return this.#answered.get(queueUrl) ?? 0;
  }

  /** Deliveries from this queue of messages that name `text`: a key as notifications write it, or a source's id. */
  of(queueUrl: string, text = ""): readonly Delivery[] {
    return this.#all.filter((one) => one.queueUrl === queueUrl && one.body.includes(text));
  }

  /** Whether a request about messages in hand (delete, visibility) is about one that names `text`. */
  concerns(request: ProxiedRequest, text: string): boolean {
    const body = request.body.toString();
    return this.#all.some((one) => one.body.includes(text) && body.includes(one.receiptHandle));
  }
}
