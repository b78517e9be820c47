"""Folders of runs, reports and filed months, read and written as a whole."""
