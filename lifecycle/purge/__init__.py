"""Deleting what ended tenants left, on the day that their evidence names."""
