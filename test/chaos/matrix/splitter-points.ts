// The splitter's kill points: every message action and every durable step of services/splitter, in the order of a source's life.
import { deleted, object, queued, received, visibility, type KillPoint, type Point } from "./kill-point.ts";
import { VISIBILITY_SECONDS } from "./scenes.ts";

const isAgain = (seconds: number): boolean => seconds === VISIBILITY_SECONDS;
const isPart = /^parts\//;

const MESSAGES: readonly Point[] = [
  {
    name: "message-received",
    after: "a receive has brought messages",
    why: "nobody works on them, and they are invisible: they must come back",
    matches: received("split"),
    occurrences: [1, 2],
  },
  {
    name: "message-extended",
    after: "the heartbeat has extended the visibility of a message in hand",
    why: "the message must not stay invisible for longer than the last extension",
    matches: visibility("split", isAgain),
    holds: ({ operation, key }) => operation === "PutObject" && isPart.test(key),
  },
  {
    name: "message-returned",
    after: "a source could not be read, and its message was given back with a pause",
    why: "the pause must end by itself, in another process",
    matches: visibility("split", (seconds) => !isAgain(seconds)),
    refuses: ({ operation, key }) => operation === "GetObject" && key.startsWith("raw/"),
  },
  {
    name: "foreign-message-buried",
    after: "a foreign message was sent to the dead letters",
    why: "it is still on the queue as well, and must not stay there",
    matches: queued("SendMessageBatch", "split-dead"),
    hasForeignMessage: true,
  },
  {
    name: "message-deleted",
    after: "a message was deleted",
    why: "what it stood for must all be durable by then: nobody will announce it again",
    matches: deleted("split"),
    occurrences: [1, 3],
  },
];

const READING: readonly Point[] = [
  {
    name: "source-opened",
    after: "the source's bytes are on their way",
    why: "the message is in hand and nothing is written",
    matches: object("GetObject", /^raw\//),
    occurrences: [1, 3],
  },
  {
    name: "receipts-listed",
    after: "the source was found to have no receipt",
    why: "another splitter may write one before the next attempt looks again",
    matches: object("ListObjectsV2", /^/),
    occurrences: [1, 3],
  },
];

const WRITING: readonly Point[] = [
  {
    name: "part-put",
    after: "a part was put",
    why: "it belongs to an attempt that no receipt will name: nobody may read it",
    matches: object("PutObject", isPart),
    occurrences: [1, 2, 6],
  },
  {
    name: "shared-part-put",
    after: "a part that several event types share was put",
    why: "as above, for several units at once",
    matches: object("PutObject", isPart),
    scene: "shared",
    occurrences: [1, 3],
  },
  {
    name: "part-upload-begun",
    after: "a multipart upload of a part was begun",
    why: "an upload without an end must not become an object",
    matches: object("CreateMultipartUpload", isPart),
    scene: "pieces",
  },
  {
    name: "part-piece-put",
    after: "one piece of a multipart upload was put",
    why: "as above, with bytes that are paid for",
    matches: object("UploadPart", isPart),
    scene: "pieces",
  },
  {
    name: "part-upload-completed",
    after: "a multipart upload was completed",
    why: "the part is there, and no receipt",
    matches: object("CompleteMultipartUpload", isPart),
    scene: "pieces",
  },
  {
    name: "quarantine-put",
    after: "a quarantine object was put",
    why: "the next attempt writes the bad lines again: they must count once",
    matches: object("PutObject", /^quarantine\//),
    occurrences: [1, 2],
  },
  {
    name: "sidecar-put",
    after: "the shapes were put beside a receipt too large for them",
    why: "the sidecar belongs to an attempt that no receipt names",
    matches: object("PutObject", /^shapes\//),
    scene: "wide",
  },
];

const SETTLING: readonly Point[] = [
  {
    name: "receipt-put",
    after: "the receipt was put: this attempt has won",
    why: "the source is split, its message says that it is not",
    matches: object("PutObject", /^receipts\/.*\/0\.json$/),
    occurrences: [1, 3],
  },
  {
    name: "failed-receipt-put",
    after: "the receipt of a torn source was put",
    why: "the source must be reported as failed, and once",
    matches: (event) => object("PutObject", /^receipts\//)(event) && event.body.includes('"state":"failed"'),
  },
  {
    name: "next-receipt-put",
    after: "the receipt of a next generation was put, the same content having come back",
    why: "the next attempt must find that generation and not write one more",
    matches: object("PutObject", /^receipts\/.*\/1\.json$/),
    scene: "returning",
  },
  {
    name: "receipt-lost",
    after: "putting the receipt was refused: another attempt was first",
    why: "the parts of this attempt are waste, and the winner's receipt may never have been announced",
    matches: ({ operation, key, status }) =>
      operation === "PutObject" && key.startsWith("receipts/") && status === 412,
    hasRival: true,
  },
  {
    name: "announced-after-loss",
    after: "the loser of the race has announced the winner's receipt",
    why: "the loader hears of one receipt several times",
    matches: queued("SendMessageBatch", "load"),
    hasRival: true,
  },
  {
    name: "announced-again",
    after: "a receipt that was there already was announced again",
    why: "the message is still there: the receipt will be announced once more",
    matches: queued("SendMessageBatch", "load"),
  },
];

export const SPLITTER_POINTS: readonly KillPoint[] = [...MESSAGES, ...READING, ...WRITING, ...SETTLING].map(
  (point) => ({ ...point, worker: "splitter" }),
);
