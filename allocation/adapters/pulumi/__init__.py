"""Plans and inventories from Pulumi's output."""
