"""A portfolio in several stacks: the rule in `platform.yaml`, and the file that says which stack has whom."""
