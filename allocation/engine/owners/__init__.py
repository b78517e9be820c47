"""Whose a charge is, and what the parts of that answer know."""
