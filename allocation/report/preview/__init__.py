"""A preview as data, as a table, as a comment on a pull request, as a page."""
