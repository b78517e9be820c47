"""The report of a month: a page for each group of readers, with the same data as JSON and CSV."""
