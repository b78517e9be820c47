"""What a firm does for the security of all its tenants, as the platform's file says it."""
