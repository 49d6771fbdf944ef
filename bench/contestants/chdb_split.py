"""ClickHouse in the process: chdb_split.py FILE.gz FOLDER. isValidJSON validates every line; the line itself is written as it is, one file
an event type."""

import sys

import chdb

source, folder = (text.replace("\\", "\\\\").replace("'", "\\'") for text in sys.argv[1:3])
chdb.query(
    f"""
    INSERT INTO FUNCTION file('{folder}/{{_partition_id}}.ndjson.zst', 'TSVRaw', 'line String')
      PARTITION BY JSONExtractString(line, 'event')
    SELECT line FROM file('{source}', 'LineAsString', 'line String') WHERE isValidJSON(line)
    SETTINGS output_format_compression_level = 1, max_partitions_per_insert_block = 0
    """
)
