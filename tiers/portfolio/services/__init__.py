"""Services that a tenant buys beside its tier."""
