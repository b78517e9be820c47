"""How a tenant ends: plan, guards, steps, final backup, and what is retained."""
