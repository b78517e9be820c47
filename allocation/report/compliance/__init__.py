"""The compliance export of a tenant with enhanced controls: each control, its evidence, and the gaps."""
