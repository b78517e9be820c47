"""Commands to end tenants."""
