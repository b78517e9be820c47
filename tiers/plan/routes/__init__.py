"""The facts of the way to a tenant."""
