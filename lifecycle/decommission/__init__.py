"""Decommissioning a tenant: plan, guards, steps, final backup, and retained resources."""
