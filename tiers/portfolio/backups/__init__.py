"""What a platform says about the backups of its tenants."""
