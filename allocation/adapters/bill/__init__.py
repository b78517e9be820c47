"""Reads the bills of providers into the table of charges, whole and exactly.

`ingestion.ingest` is the way in. `formats` finds out what a file is, `columns` says which of its columns mean
what, `reading` turns them into SQL, `row_rules` says which rows are refused and why, and `intake` is the
account of what was read, charged, refused and moved by rounding.
"""

from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.ingestion import ingest
from allocation.adapters.bill.intake import Intake

__all__ = ["BillError", "Intake", "ingest"]
