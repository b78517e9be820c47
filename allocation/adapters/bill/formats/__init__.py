"""The formats of bills: their columns as data, and how a file's format is found."""
