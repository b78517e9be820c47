"""Reports: pure functions from statements, previews and months to text."""
