"""What one tenant costs, as more of them join a tier, and by what is sold."""
