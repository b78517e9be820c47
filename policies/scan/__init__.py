"""Scans a stack with checkov: renders it, and checks the findings against waivers."""
