"""Dumps of a tenant, and the restore tests that prove them."""
