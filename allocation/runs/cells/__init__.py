"""Portfolios in several stacks: which of them a change is for, and their inventories together."""
