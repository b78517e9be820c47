"""Reports of a month: one page for each reader, with the same data beside it."""
