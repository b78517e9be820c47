"""Whether a backup can be restored: the Job that tries it, and its result."""
