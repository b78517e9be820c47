"""Folders of runs, reports and filed months, read and written completely or not at all."""
