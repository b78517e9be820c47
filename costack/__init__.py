"""The package that a project of one's own imports: its program, its command, its version."""
