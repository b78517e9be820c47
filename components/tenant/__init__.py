"""One tenant's stack: its own resources, and its part of the shared ones."""
