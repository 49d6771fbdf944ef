// What texts in the configuration look like, apart from the schema: checking one needs no schema library.

/** Amazon S3 User Guide, "General purpose bucket naming rules". */
export const BUCKET_PATTERN = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export const COLUMN_TYPE_PATTERN =
  /^(integer|double|decimal\(\d{1,2},\d{1,2}\)|boolean|timestamp|timestamptz|date|string\(\d{1,5}\)|json|epoch_seconds|epoch_milliseconds)$/;

export const QUEUE_URL_PATTERN = /^https?:\/\/[^/\s]+\/\S+$/;
