"""A tenant's dumps, and the restore tests that prove them."""
