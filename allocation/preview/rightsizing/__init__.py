"""Sizes that would do: the setting of a file, and what it saves as `costack preview` shows it."""
