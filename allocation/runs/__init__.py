"""Whole runs: from files to a statement, a report or the two plans of a preview."""
