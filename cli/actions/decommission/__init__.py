"""Actions of the commands to end tenants."""
