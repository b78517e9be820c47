"""The AWS account of a purge: what is there of each kind, and how it is deleted."""
