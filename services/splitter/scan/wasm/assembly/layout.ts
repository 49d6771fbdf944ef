// Where everything stands in the scanner's memory, in bytes. Read by both sides: compiled into the module, and imported by memory.ts.
// The addresses are constants so that no table ever moves: memory that nobody has written to costs nothing, so tables have room for the
// most they may hold. Integers only, without types, so that AssemblyScript and TypeScript both take the file as it is.

/** What module and JavaScript tell each other, an integer each. Cell n is at CELLS + 4n. */
export const CELLS = 1024;
/** The record in hand: where it begins and the number of its line within the block. */
export const AT = 0;
export const INDEX = 1;
/** Of an object: after its opening bracket, after its closing one, and after the record. */
export const BODY_START = 2;
export const BODY_END = 3;
export const NEXT_RECORD = 4;
/** Event type of the line, −1 for none yet, and the one in whose tree its values are counted. */
export const TYPE = 5;
export const HOME = 6;
/** Rank of the path that gave the event type. */
export const RANK = 7;
/** Numbers the objects across lines. */
export const OBJECT_NUMBER = 8;
/** Values on the tape. */
export const LENGTH = 9;
/** 1 when a line put keys into the set of members (JavaScript's), which the next line must find empty. */
export const MEMBERS_USED = 10;
/** 1 when tables are nearly full: nothing more is scanned before JavaScript has emptied them. */
export const FULL = 11;
/** Nodes of the tree. */
export const NODE_COUNT = 12;
/** Slots − 1 of the two hash tables. */
export const KEY_MASK = 14;
export const TREE_MASK = 15;
/** Begins every hash of a key. */
export const SEED = 16;
/** Position after the key last looked up: its closing quote. */
export const KEY_END = 17;
/** Rows of the block so far, bytes that they take when laid out, and event types among them. */
export const ROW_COUNT = 18;
export const OUT_TOTAL = 19;
export const TYPES_SEEN_COUNT = 20;
/** Lines that are blank or dropped. */
export const BLANK = 21;
export const DROPPED = 22;
/** Length of HEAD. */
export const HEAD_LENGTH = 23;
/** Event type that every line has, −1 when lines say theirs. */
export const CONSTANT_TYPE = 24;
/** Digits of the number that JavaScript has read, packed. */
export const PACKED_DIGITS = 25;
/** Rows since the counters were last empty. */
export const ROWS_COUNTED = 26;
export const CELL_COUNT = 32;
/** Number of the block's first line, 8 bytes. */
export const FIRST_LINE = CELLS + CELL_COUNT * 4;

/**
 * The words that the texts of shapes are made of (shape-words.ts): each in 32 bytes, the last of which is its length. Word n is at
 * SHAPE_WORDS + 32n; those below 10 belong to the kinds of value.
 */
export const SHAPE_WORDS = 1280;
export const WORD_SHIFT = 5;
export const WORD_LENGTH = 31;
export const W_MIN = 10;
export const W_MAX = 11;
export const W_INTEGER_END = 12;
export const W_INTEGER_DIGITS = 13;
export const W_SCALE = 14;
export const W_SIGNIFICANT_DIGITS = 15;
export const W_BYTES = 16;
export const W_KEYS = 17;
export const W_WHOLE = 18;
export const W_EVENT_TYPE = 19;
export const W_LINES = 20;
export const W_SHAPE = 21;
export const WORDS = 22;

/** What a part line begins with, up to the line number. */
export const HEAD = 2048;

/** Open containers: node, place of the guess, number of the object, members so far, 1 for an array. */
export const FRAMES = 4096;
export const FRAME_NODE = 0;
export const FRAME_LINK = 4;
export const FRAME_OBJECT = 8;
export const FRAME_MEMBERS = 12;
export const FRAME_IS_ARRAY = 16;
export const FRAME_BYTES = 20;

/** Event types by the hash of their names: type number + 1. A cache: JavaScript's map decides. */
export const RECENT = 32768;
export const RECENT_SLOTS = 32768;

/** Columns by event type. */
export const MAX_TYPES = 65536;
export const TYPE_ROOT = RECENT + RECENT_SLOTS * 4;
export const TYPE_FATE = TYPE_ROOT + MAX_TYPES * 4;
/** Lines and bytes in this block; while rows are laid out, where the next one goes. */
export const TYPE_LINES = TYPE_FATE + MAX_TYPES * 4;
export const TYPE_BYTES = TYPE_LINES + MAX_TYPES * 4;
/** `,"_lr_event_type":"…",` and the name in UTF-8: address and length. */
export const TYPE_MEMBER = TYPE_BYTES + MAX_TYPES * 4;
export const TYPE_MEMBER_LENGTH = TYPE_MEMBER + MAX_TYPES * 4;
export const TYPE_NAME = TYPE_MEMBER_LENGTH + MAX_TYPES * 4;
export const TYPE_NAME_LENGTH = TYPE_NAME + MAX_TYPES * 4;
/** The first nodes of the tape when lines of the type last moved into its tree, and where they moved. */
export const PREFIX_SHIFT = 5;
export const TYPE_PREFIX_FROM = TYPE_NAME_LENGTH + MAX_TYPES * 4;
export const TYPE_PREFIX_TO = TYPE_PREFIX_FROM + MAX_TYPES * 128;
/** Event types in the order in which the block's rows have them. */
export const TYPES_SEEN = TYPE_PREFIX_TO + MAX_TYPES * 128;
export const TYPE_TEXT = TYPES_SEEN + MAX_TYPES * 4;
export const TYPE_TEXT_BYTES = 33554432;

/**
 * What is known of a node, in a record of 128 bytes: node n's is at NODES + 128n, and the module knows nodes by that address. What a
 * line reads and writes for most values is within the first cache line.
 */
export const MAX_NODES = 524288;
export const NODES = (TYPE_TEXT + TYPE_TEXT_BYTES + 127) & -128;
export const NODE_SHIFT = 7;
/** The member that came after this one when it was last met. */
export const NODE_NEXT = 0;
/** The first member when the object here was last met. */
export const NODE_FIRST = 4;
/** Address of the key as it is written, with its quotes and a colon; 0 when it cannot be written as it is. */
export const NODE_KEY_TEXT = 8;
/** Its bytes × 4 + flags. */
export const NODE_BYTES_FLAGS = 12;
/** The object in which this member was last met, to find duplicates. */
export const NODE_STAMP = 16;
/** Bytes of the longest string, −1 for none. */
export const NODE_LONGEST = 20;
/** Digits of floats, packed. */
export const NODE_DIGITS = 24;
/** A byte: 1 when something was counted here. */
export const NODE_SEEN = 28;
/** A byte: 1 when the objects here are kept whole. */
export const NODE_WHOLE = 29;
/** Values of each kind. */
export const NODE_COUNTS = 32;
/** Distinct keys of the objects here. */
export const NODE_DISTINCT = 76;
/** Of integers, 8 bytes. */
export const NODE_LEAST = 80;
export const NODE_GREATEST = 88;
/** Number of the node above, number of the key. */
export const NODE_PARENT = 96;
export const NODE_KEY = 100;
/** Address of the node of the elements when there is an array here. */
export const NODE_ELEMENTS = 104;
/** How many nodes have this one as parent. */
export const NODE_CHILDREN = 108;
export const NODE_DEPTH = 112;
/** Rank of the event type path that ends here. */
export const NODE_TYPE_RANK = 116;
/**
 * The first member in the order of the shape's text, and the member after this one: addresses, 0 for none. One more when JavaScript has to write the
 * key of that member.
 */
export const NODE_TEXT_FIRST = 120;
export const NODE_TEXT_NEXT = 124;
export const TREE_SLOTS = NODES + MAX_NODES * 128;
export const MAX_TREE_SLOTS = 1048576;

/** Columns by key. */
export const MAX_KEYS = 262144;
export const KEY_START = TREE_SLOTS + MAX_TREE_SLOTS * 4;
export const KEY_LENGTH = KEY_START + MAX_KEYS * 4;
export const KEY_MEANT = KEY_LENGTH + MAX_KEYS * 4;
export const KEY_HASH = KEY_MEANT + MAX_KEYS * 4;
export const KEY_WRITTEN = KEY_HASH + MAX_KEYS * 4;
export const KEY_SYSTEM = KEY_WRITTEN + MAX_KEYS;
export const KEY_SLOTS = KEY_SYSTEM + MAX_KEYS;
export const MAX_KEY_SLOTS = 1048576;
export const KEY_TEXT = KEY_SLOTS + MAX_KEY_SLOTS * 4;
export const KEY_TEXT_BYTES = 8454144;

/** Address of the counter for each of the line's values, and 8 bytes for each: length of a string, an integer … */
export const MAX_TAPE = 1048576;
export const TAPE = KEY_TEXT + KEY_TEXT_BYTES;
export const VALUES = TAPE + MAX_TAPE * 4;

/** Rows of the block: event type, index of the line, address and end of the body (members and closing bracket). */
export const MAX_ROWS = 1048576;
export const ROWS = VALUES + MAX_TAPE * 8;
export const ROW_BYTES = 16;

/** The bytes to scan, and room for what must follow them. */
export const BLOCK = ROWS + MAX_ROWS * ROW_BYTES;
export const MAX_BLOCK = 4456448;
export const PADDING = 64;
/** Bodies that do not stand in the block as they are. */
export const BODIES = BLOCK + MAX_BLOCK + PADDING;
export const MAX_BODIES = 16777216;
/** The part lines. A block is laid out before they are more than OUT_LIMIT; the line in hand may go beyond. */
export const OUT = BODIES + MAX_BODIES;
export const OUT_LIMIT = 8388608;
export const OUT_BYTES = 16777216;

export const END = OUT + OUT_BYTES;
/** Size of the memory in pages of 64 KiB. */
export const PAGES = (END + 65535) >> 16;

/** Flag: nothing is counted at this node or below, because it stands in an array. */
export const SILENT = 1;
/** Flag: an event type may be here. */
export const TYPE_PATH = 2;
/** log2 of the place of the bytes beside the flags. */
export const FLAG_BITS = 2;
/** Number of the node that is none: of what has no path, or lies below an object that is kept whole. Silent. */
export const NO_NODE = 0;
/** Number of the root of the tree for lines whose event type is not known yet. */
export const FIRST_ROOT = 1;

/** Kinds of value, in the order of the counters that each path has. */
export const NULL = 0;
export const BOOLEAN = 1;
export const INTEGER = 2;
export const FLOAT = 3;
export const STRING = 4;
export const TIMESTAMPTZ = 5;
export const TIMESTAMP = 6;
export const DATE = 7;
export const OBJECT = 8;
export const ARRAY = 9;
/** No value: the object has more keys than are listed. */
export const WHOLE = 10;

/** What the module asks JavaScript to do; `run` returns it. */
export const DONE = 0;
/** The record at AT is for the slow path. */
export const ODD = 1;
/** It is a valid object without an event type. */
export const TYPELESS = 2;
/** Its event type is not simply kept, or the line may be too long. */
export const ASK = 3;
/** Newlines stand between its tokens. */
export const NEWLINES = 4;
/** Tables are full: lay out, or empty them, and go on. */
export const CUT = 5;

/** Values of TYPE_FATE. */
export const KEEP = 0;
export const DROP = 1;
export const SET_ASIDE = 2;

/** Limits of the format (shared/contracts/words.ts, held equal by a test). */
export const MAX_DEPTH = 1000;
export const MAX_STRING_BYTES = 65535;
export const MAX_LINE_BYTES = 4000000;
export const MAX_EVENT_TYPE_BYTES = 200;
