"""Who pays: estimated charges from an inventory, divided among tenants without losing a unit."""
