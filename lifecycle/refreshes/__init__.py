"""Refreshes on a schedule: their results, and which are due."""
