"""The files of a bill: opened, unpacked, and staged as Parquet."""
