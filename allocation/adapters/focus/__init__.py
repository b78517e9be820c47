"""Writes an allocation as FOCUS Cost and Usage data, as Parquet and CSV.

Text is written as it was read, also where a spreadsheet would take it for a formula (`=`, `+`, `-`, `@`):
FOCUS forbids altering it (StringHandling), and an escaped name would no longer join with the bill. Who opens
the CSV in a spreadsheet imports its columns as text.
"""
