"""Whole runs: from files to a statement, a report or the plans of a preview."""
