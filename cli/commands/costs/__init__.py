"""Commands to allocate costs."""
