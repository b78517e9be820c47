"""Actions of the commands to change tenants and repair stacks."""
