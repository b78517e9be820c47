"""Reads the split cost allocation data of AWS' Cost and Usage Reports as usage."""
