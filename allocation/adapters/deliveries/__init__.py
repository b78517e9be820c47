"""Finds what a provider delivered: the newest whole delivery of each bill, in folders and in S3.

`collection.collect` is the entry point. `place` and `bucket` list and fetch files, `manifests` reads what a
delivery says of itself, `choice` takes the newest one that is whole, `parts` knows the files that one export
wrote, and `overlap` finds the same lines in files of which no manifest speaks.
"""

from allocation.adapters.deliveries.collection import Collected, collect

__all__ = ["Collected", "collect"]
