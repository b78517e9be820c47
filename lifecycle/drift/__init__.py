"""Drift: what differs between a stack and its account, whose it is, and what it does."""
