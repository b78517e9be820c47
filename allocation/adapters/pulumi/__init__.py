"""Plans and inventories out of Pulumi's own output."""
