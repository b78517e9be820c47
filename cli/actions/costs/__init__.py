"""Actions of the commands to allocate costs."""
