"""Commands to change tenants and repair stacks."""
