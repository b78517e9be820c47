"""Sizes that a tenant chooses in place of its tier's."""
