"""A statement as a table, JSON, CSV, Markdown and OpenMetrics."""
