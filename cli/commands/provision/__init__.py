"""Commands to provision tenants."""
