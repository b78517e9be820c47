"""Actions of the commands to provision tenants."""
