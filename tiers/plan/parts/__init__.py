"""Platform parts as facts."""
