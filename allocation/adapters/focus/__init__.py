"""Writes an allocation as FOCUS Cost and Usage data, as Parquet and CSV.

Text is written as it was read, even if a spreadsheet would read it as a formula (`=`, `+`, `-`, `@`): FOCUS
forbids altering it (StringHandling), and an escaped name would no longer join with the bill. To open the CSV
in a spreadsheet, import its columns as text.
"""
