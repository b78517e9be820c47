"""Restores in place: to which moments they lead, and what they took."""
