"""polars' streaming engine: polars_split.py FILE.gz FOLDER. json_path_match parses the whole line and gives null when it is no JSON; the
line itself is written as it is, in the order of the source, one file an event type."""

import sys

import polars as pl

source, folder = sys.argv[1:3]
(
    pl.scan_lines(source, name="line")
    .with_columns(event=pl.col("line").str.json_path_match("$.event"))
    .filter(pl.col("event").is_not_null())
    .sink_csv(
        pl.PartitionBy(folder, key="event", include_key=False),
        include_header=False,
        quote_style="never",
        separator="\x01",
        compression="zstd",
        compression_level=1,
        check_extension=False,
        mkdir=True,
    )
)
