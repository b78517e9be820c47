"""Knows AWS as far as one machine needs it."""
