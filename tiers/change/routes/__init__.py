"""What a change does to the way to a tenant: its route, its records, its CDN."""
