"""Services that a tenant buys, as facts."""
