"""Restore tests: the Job that restores a backup, and its result."""
