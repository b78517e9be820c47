"""Allocates a bill that an engine reads where it lies: `reading` asks it and reads its answer as a bill."""
