"""Tables, progress and exit codes."""
