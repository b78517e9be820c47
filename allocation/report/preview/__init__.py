"""A preview as JSON, as a table, as a comment on a pull request and as a page."""
