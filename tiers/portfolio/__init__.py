"""A portfolio's files: the platform, its tenants, and the checks against the catalog."""
