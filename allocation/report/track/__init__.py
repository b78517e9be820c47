"""A tracked month as table, CSV, Markdown, JSON, OpenMetrics, and as messages."""
