"""The section `parts` of platform.yaml."""
