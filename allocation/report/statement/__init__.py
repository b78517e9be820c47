"""A statement as table, JSON, CSV, Markdown and OpenMetrics."""
