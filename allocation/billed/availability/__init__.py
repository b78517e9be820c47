"""Availability on a bill: what of a line would not be there in one zone."""
