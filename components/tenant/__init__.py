"""One tenant's stack: what it has to itself, and what is made for it on what is shared."""
