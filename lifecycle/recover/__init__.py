"""Repairs a stack after a command was killed."""
