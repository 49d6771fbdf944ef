// Names, versions and sizes of what the splitter writes, apart from the schemas: whoever only writes loads no schema library.

export const RECEIPT_FORMAT = "log-router/receipt";
export const RECEIPT_VERSION = 1;

/** Raw bytes in one quarantine record at the most. */
export const QUARANTINE_PIECE_BYTES = 256 * 1024;
