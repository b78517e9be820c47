"""Budgets of a portfolio: what it, its clients and its tiers may cost a month."""
