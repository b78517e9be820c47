"""Reads the bills of providers into the table of charges, whole and exactly.

`ingestion.ingest` is the entry point. `formats` detects the format of a file, `columns` maps its columns,
`reading` turns them into SQL, `row_rules` refuses rows with a reason, and `intake` is the account of what was
read, charged, refused and rounded.
"""

from allocation.adapters.bill.failures import BillError
from allocation.adapters.bill.ingestion import ingest
from allocation.adapters.bill.intake import Intake

__all__ = ["BillError", "Intake", "ingest"]
